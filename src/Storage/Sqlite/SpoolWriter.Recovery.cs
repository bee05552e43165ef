namespace Orleans.Mail.Storage.Sqlite;

/// <summary>What happens when storage fails: everything is closed, and opened anew until it works.</summary>
sealed partial class SpoolWriter
{
    /// <summary>Nothing of the transaction was stored.</summary>
    void GiveUp(Exception error)
    {
        _batch!.RollBack();
        GoDown(error);
        FailAll(StorageErrors.ForCallers(error, outcomeKnown: true));
    }

    /// <summary>
    /// The answer to the commit was an error, so the transaction may be durable or not. The store is opened anew and says: it has one writer,
    /// so a row of the next version is ours. After a failed flush nothing is repeated on the old handles, whose pages may have been dropped.
    /// </summary>
    void Resolve(Exception error)
    {
        _batch!.RollBack();
        GoDown(error);
        TryOpen();
        if (_store is null)
        {
            // Without space the last frame of the log was never written whole, and half a transaction is none.
            FailAll(StorageErrors.ForCallers(error, outcomeKnown: error is SqliteFailure { PrimaryCode: SQLitePCL.raw.SQLITE_FULL }));
            return;
        }

        bool? tookPlace = null;
        try
        {
            foreach (var operation in _operations)
            {
                tookPlace = operation.TookPlace(_batch);
                if (tookPlace is not null) break;
            }
        }
        catch (Exception second)
        {
            GoDown(second);
        }

        _batch.Clear();
        if (tookPlace == true) CompleteAll();
        else FailAll(StorageErrors.ForCallers(error, outcomeKnown: tookPlace == false));
    }

    void TryOpen()
    {
        _retryDue = false;
        SpoolStore? candidate = null;
        try
        {
            candidate = SpoolStore.Open(_options, _steps, _clock);
            candidate.Load(_shards);
            if (_outage is not null) candidate.Probe();
            _opened(candidate);
            _batch = new SpoolBatch(candidate, _shards);
            _compaction.Restart();
        }
        catch (Exception error)
        {
            candidate?.Dispose();
            GoDown(error);
            return;
        }

        var recovered = _outage;
        Volatile.Write(ref _store, candidate);
        Volatile.Write(ref _outage, null);
        if (recovered is null) return;
        var lasted = _clock.GetUtcNow() - recovered.Since;
        SpoolLog.Recovered(_logger, _options.Folder, lasted);
    }

    void GoDown(Exception error)
    {
        CloseStore();
        var fault = StorageErrors.FaultOf(error);
        StorageInstruments.Fault(fault);
        if (_outage is null) SpoolLog.Unavailable(_logger, fault, _options.Folder, error);
        List<WriteOperation> waiting;
        lock (_gate)
        {
            Volatile.Write(ref _outage, new Outage(fault, _outage?.Since ?? _clock.GetUtcNow(), StorageErrors.ForCallers(error, outcomeKnown: true)));
            waiting = [.. _queue];
            _queue.Clear();
        }

        foreach (var operation in waiting) operation.Fail(_outage.ForCallers);
        _retryTimer.Change(_options.RetryInterval, Timeout.InfiniteTimeSpan);
    }

    void CloseStore()
    {
        var closing = _store;
        Volatile.Write(ref _store, null);
        closing?.Dispose();
    }

    void Retry()
    {
        lock (_gate)
        {
            _retryDue = true;
            Monitor.Pulse(_gate);
        }
    }

    sealed record Outage(SpoolFault Fault, DateTimeOffset Since, Exception ForCallers);
}
