namespace Orleans.Mail.Storage.Sqlite;

/// <summary>What happens when storage fails: everything is closed, and opened anew until it works.</summary>
sealed partial class SpoolWriter
{
    /// <summary>Nothing of the transaction was stored.</summary>
    void GiveUp(Exception error)
    {
        batch!.RollBack();
        GoDown(error);
        FailAll(StorageErrors.ForCallers(error, outcomeKnown: true));
    }

    /// <summary>
    /// The answer to the commit was an error, so the transaction may be durable or not. The store is opened anew and says: it has one writer,
    /// so a row of the next version is ours. After a failed flush nothing is repeated on the old handles, whose pages may have been dropped.
    /// </summary>
    void Resolve(Exception error)
    {
        batch!.RollBack();
        GoDown(error);
        TryOpen();
        if (store is null)
        {
            // Without space the last frame of the log was never written whole, and half a transaction is none.
            FailAll(StorageErrors.ForCallers(error, outcomeKnown: error is SqliteFailure { PrimaryCode: SQLitePCL.raw.SQLITE_FULL }));
            return;
        }

        bool? tookPlace = null;
        try
        {
            foreach (var operation in operations)
            {
                tookPlace = operation.TookPlace(batch);
                if (tookPlace is not null) break;
            }
        }
        catch (Exception second)
        {
            GoDown(second);
        }

        batch.Clear();
        if (tookPlace == true) CompleteAll();
        else FailAll(StorageErrors.ForCallers(error, outcomeKnown: tookPlace == false));
    }

    void TryOpen()
    {
        retryDue = false;
        SpoolStore? candidate = null;
        try
        {
            candidate = SpoolStore.Open(options, steps, clock);
            candidate.Load(shards);
            if (outage is not null) candidate.Probe();
            opened(candidate);
            batch = new SpoolBatch(candidate, shards);
            compaction.Restart();
        }
        catch (Exception error)
        {
            candidate?.Dispose();
            GoDown(error);
            return;
        }

        var recovered = outage;
        Volatile.Write(ref store, candidate);
        Volatile.Write(ref outage, null);
        if (recovered is null) return;
        var lasted = clock.GetUtcNow() - recovered.Since;
        SpoolLog.Recovered(logger, options.Folder, lasted);
    }

    void GoDown(Exception error)
    {
        CloseStore();
        var fault = StorageErrors.FaultOf(error);
        StorageInstruments.Fault(fault);
        if (outage is null) SpoolLog.Unavailable(logger, fault, options.Folder, error);
        List<WriteOperation> waiting;
        lock (gate)
        {
            Volatile.Write(ref outage, new Outage(fault, outage?.Since ?? clock.GetUtcNow(), StorageErrors.ForCallers(error, outcomeKnown: true)));
            waiting = [.. queue];
            queue.Clear();
        }

        foreach (var operation in waiting) operation.Fail(outage.ForCallers);
        retryTimer.Change(options.RetryInterval, Timeout.InfiniteTimeSpan);
    }

    void CloseStore()
    {
        var closing = store;
        Volatile.Write(ref store, null);
        closing?.Dispose();
    }

    void Retry()
    {
        lock (gate)
        {
            retryDue = true;
            Monitor.Pulse(gate);
        }
    }

    sealed record Outage(SpoolFault Fault, DateTimeOffset Since, Exception ForCallers);
}
