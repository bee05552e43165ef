using System.Diagnostics;
using Orleans.Mail.Storage.Events;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>
/// Writes one shard in one epoch: one transaction at a time, each with the fence; meanwhile the next commits gather. A transaction whose outcome
/// stayed unknown is settled before anything else is written. This file is the way that goes well; the others say what becomes of a transaction that did not, and
/// what is kept no longer.
/// </summary>
sealed partial class ShardWriter(ShardTable table, ShardIndex index, ShardEvents events, FenceState opened, SemaphoreSlim turn, Action<Exception?> health)
{
    readonly Lock _gate = new();
    readonly CommitQueue _queue = new(table.Account.Options.MaxQueuedOperations, table.Account.Options.MaxQueuedBytes);
    FenceState _fence = opened;
    ShardBatch? _unsettled;
    bool _isRunning;
    bool _isFenced;
    bool _isClosed;

    // Commits that are written each for itself: the table refused something of a batch that they were in.
    int _apart;

    // A transaction of so many commits says that more are coming.
    const int BusyCommits = 8;

    // A row holds 1 MiB.
    const int MaxEventBytes = 900_000;

    /// <exception cref="SpoolFencedException">Somebody else is known to write: what this one has in memory may be old.</exception>
    public void ThrowIfFenced()
    {
        lock (_gate)
        {
            if (_isFenced) throw new SpoolFencedException();
        }
    }

    /// <summary>Refuses what comes, and what waits; a transaction under way ends by itself.</summary>
    public void Close()
    {
        List<PendingCommit> waiting;
        lock (_gate)
        {
            _isClosed = true;
            waiting = _queue.TakeAll();
        }

        foreach (var pending in waiting) pending.Completion.TrySetException(Closed());
    }

    public Task<CommitStatus> CommitAsync(PendingCommit pending)
    {
        lock (_gate)
        {
            if (_isFenced) return Task.FromException<CommitStatus>(new SpoolFencedException());
            if (_isClosed) return Task.FromException<CommitStatus>(Closed());
            if (!_queue.TryAdd(pending)) return Task.FromException<CommitStatus>(new SpoolUnavailableException(SpoolFault.Busy, true, "Too many commits wait for the table."));
            if (_isRunning) return pending.Completion.Task;
            _isRunning = true;
        }

        _ = RunAsync();
        return pending.Completion.Task;
    }

    /// <summary>Asks the table whether this is still the writer.</summary>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CheckFenceAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SpoolFencedException error)
        {
            FailAll(null, error);
            throw;
        }
    }

    async Task RunAsync()
    {
        // In a row, with nothing taken: a lost transaction that could not be settled.
        var failures = 0;
        while (true)
        {
            await turn.WaitAsync().ConfigureAwait(false);
            ShardBatch? batch = null;
            try
            {
                await SettleAsync().ConfigureAwait(false);
                batch = await TakeAsync().ConfigureAwait(false);
                if (batch is null) return;
                failures = 0;
                await WriteAsync(batch).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                if (batch is null) failures++;
                FailAll(batch, error);
                if (IsOver) return;
            }
            finally
            {
                turn.Release();
            }

            if (failures > 0) await table.Account.PauseAsync(failures).ConfigureAwait(false);
            if (batch?.Answers.Count >= BusyCommits) await GatherAsync(batch.Answers.Count).ConfigureAwait(false);
        }
    }

    // Nothing is taken any more, and nothing waits.
    bool IsOver
    {
        get
        {
            lock (_gate) return _isFenced || _isClosed;
        }
    }

    Task GatherAsync(int last)
    {
        lock (_gate) return _queue.Count >= last ? Task.CompletedTask : Task.Delay(table.Account.Options.GatherTime, table.Account.Clock);
    }

    /// <summary>What waits, as far as it fits. Null when nothing does.</summary>
    async Task<ShardBatch?> TakeAsync()
    {
        var batch = NewBatch();
        while (true)
        {
            PendingCommit next;
            lock (_gate)
            {
                if (_queue.First is not { } first)
                {
                    if (batch.Answers.Count > 0) return batch;
                    _isRunning = false;
                    return null;
                }

                next = first;
                if (batch.Contains(next.Id) || batch.IsFull || (_apart > 0 && batch.Answers.Count == 1)) return batch;
                if (!batch.IsEmpty && (batch.Bytes + next.Bytes > table.Account.Options.MaxBatchBytes || batch.EventBytes + next.SerializedEvents.Length > MaxEventBytes)) return batch;
            }

            // Only a step after the end of a message asks for a record that is not in memory.
            MessageRecord? final = null;
            try
            {
                if (index.Find(next.Id) is null && next.Commit is { ExpectedVersion: > 0 }) final = await table.FindFinalAsync(next.Id, CancellationToken.None).ConfigureAwait(false);
            }
            catch (SpoolUnavailableException) when (batch.Answers.Count > 0)
            {
                // Those taken so far have a try of their own.
                return batch;
            }
            catch (SpoolCorruptException error)
            {
                // Concerns this message alone.
                if (Remove(next)) next.Completion.TrySetException(error);
                continue;
            }

            if (Remove(next)) batch.Add(next, final);
        }
    }

    // False when the writer was closed meanwhile, and its caller told.
    bool Remove(PendingCommit next)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_queue.First, next)) return false;
            _queue.RemoveFirst();
            return true;
        }
    }

    async Task WriteAsync(ShardBatch batch)
    {
        StorageInstruments.Batch(batch.Answers.Count);
        if (batch.IsEmpty) await CheckFenceAsync(CancellationToken.None).ConfigureAwait(false);
        else if (await SubmitAsync(batch).ConfigureAwait(false) == TransactionEnd.Known)
        {
            return;
        }

        if (_apart > 0) _apart--;
        health(null);
        var committed = batch.Answers.Count(answer => answer.Status == CommitStatus.Committed);
        StorageInstruments.Commits(committed, batch.Answers.Count - committed);
        foreach (var (pending, status) in batch.Answers) pending.Completion.TrySetResult(status);
        if (batch.DeadBlobs.Count > 0) _ = RemoveAsync(batch.DeadBlobs);
    }

    // Behind the next transactions: what is not removed here is found by the sweep for blobs without a message.
    async Task RemoveAsync(List<string> blobs)
    {
        foreach (var blob in blobs) await ContentBlobs.TryDeleteAsync(table.Account, blob).ConfigureAwait(false);
    }

    async Task<TransactionEnd> SubmitAsync(ShardBatch batch)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var rows = batch.Rows();
        try
        {
            var (end, tag) = await table.SubmitAsync(rows, _fence, batch.After).ConfigureAwait(false);
            if (end == TransactionEnd.Fenced) throw new SpoolFencedException();
            if (end == TransactionEnd.Known)
            {
                await SetBackAsync(batch).ConfigureAwait(false);
                return end;
            }

            StorageInstruments.Transaction(startedAt);
            _fence = batch.After with { Tag = tag };
            _reopened?.UnionWith(batch.Reopened);
            batch.Publish(events);
            return end;
        }
        catch (SpoolUnavailableException error)
        {
            if (!error.OutcomeKnown) _unsettled = batch;
            _reopened = null;
            // One row that the table does not take must not take its neighbours with it.
            if (error.OutcomeKnown && batch.Answers.Count > 1 && SpoolAccount.StatusOf(error.InnerException!) is 400 or 413)
            {
                _apart = batch.Answers.Count;
                SetBack(batch);
                return TransactionEnd.Known;
            }

            throw;
        }
    }
}
