using System.Diagnostics;
using Orleans.Mail.Storage.Events;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>
/// Writes one shard in one epoch: one transaction at a time, each with the fence; meanwhile the next commits gather. A transaction whose outcome
/// stayed unknown is settled before anything else is written.
/// </summary>
sealed class ShardWriter(ShardTable table, ShardIndex index, ShardEvents events, FenceState opened, SemaphoreSlim turn, Action<Exception?> health)
{
    readonly Lock gate = new();
    readonly LinkedList<PendingCommit> queue = new();
    FenceState fence = opened;
    ShardBatch? unsettled;
    bool isRunning;
    bool isFenced;
    bool isClosed;

    // Commits that are written each for itself: the table refused something of a batch that they were in.
    int apart;

    // A transaction of so many commits says that more are coming.
    const int BusyCommits = 8;

    // A row holds 1 MiB.
    const int MaxEventBytes = 900_000;

    /// <exception cref="SpoolFencedException">Somebody else is known to write: what this one has in memory may be old.</exception>
    public void ThrowIfFenced()
    {
        lock (gate)
        {
            if (isFenced) throw new SpoolFencedException();
        }
    }

    /// <summary>Refuses what comes, and what waits; a transaction under way ends by itself.</summary>
    public void Close()
    {
        List<PendingCommit> waiting;
        lock (gate)
        {
            isClosed = true;
            waiting = [.. queue];
            queue.Clear();
        }

        foreach (var pending in waiting) pending.Completion.TrySetException(Closed());
    }

    public Task<CommitStatus> CommitAsync(PendingCommit pending)
    {
        lock (gate)
        {
            if (isFenced) return Task.FromException<CommitStatus>(new SpoolFencedException());
            if (isClosed) return Task.FromException<CommitStatus>(Closed());
            if (queue.Count >= table.Account.Options.MaxQueuedOperations) return Task.FromException<CommitStatus>(new SpoolUnavailableException(SpoolFault.Busy, true, "Too many commits wait for the table."));
            queue.AddLast(pending);
            if (isRunning) return pending.Completion.Task;
            isRunning = true;
        }

        _ = RunAsync();
        return pending.Completion.Task;
    }

    public async Task<int> PurgeAsync(long finalBefore, int limit, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SettleAsync().ConfigureAwait(false);
            limit = Math.Min(limit, 90);
            var batch = new ShardBatch(table.Partition, fence.Epoch, fence, index);
            var finals = await table.QueryAsync("m", "n", FormattableString.Invariant($"FinalAt lt {finalBefore}L"), limit, cancellationToken).ConfigureAwait(false);
            foreach (var row in finals) batch.Delete(row);
            var old = finals.Count == limit ? [] : await table.QueryAsync("e", "f", null, limit - finals.Count, cancellationToken).ConfigureAwait(false);
            var dead = old.TakeWhile(row => row.GetInt64("At") < finalBefore).ToList();
            foreach (var row in dead) batch.DeleteEvents(row);
            if (batch.IsEmpty) await CheckFenceAsync().ConfigureAwait(false);
            else if (await SubmitAsync(batch).ConfigureAwait(false) != TransactionEnd.Done) throw new SpoolUnavailableException(SpoolFault.Io, true, "Rows changed while they were purged.");
            return finals.Count + dead.Count;
        }
        catch (SpoolFencedException error)
        {
            FailAll(null, error);
            throw;
        }
        finally
        {
            turn.Release();
        }
    }

    async Task RunAsync()
    {
        while (true)
        {
            await turn.WaitAsync().ConfigureAwait(false);
            ShardBatch? batch = null;
            try
            {
                await SettleAsync().ConfigureAwait(false);
                batch = await TakeAsync().ConfigureAwait(false);
                if (batch is null) return;
                await WriteAsync(batch).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                FailAll(batch, error);
            }
            finally
            {
                turn.Release();
            }

            if (batch?.Answers.Count >= BusyCommits) await GatherAsync(batch.Answers.Count).ConfigureAwait(false);
        }
    }

    Task GatherAsync(int last)
    {
        lock (gate) return queue.Count >= last ? Task.CompletedTask : Task.Delay(table.Account.Options.GatherTime, table.Account.Clock);
    }

    /// <summary>What waits, as far as it fits. Null when nothing does.</summary>
    async Task<ShardBatch?> TakeAsync()
    {
        var batch = new ShardBatch(table.Partition, fence.Epoch, fence, index);
        while (true)
        {
            PendingCommit next;
            lock (gate)
            {
                if (queue.First is null)
                {
                    if (batch.Answers.Count > 0) return batch;
                    isRunning = false;
                    return null;
                }

                next = queue.First.Value;
                if (batch.Contains(next.Id) || batch.IsFull || (apart > 0 && batch.Answers.Count == 1)) return batch;
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

            lock (gate) queue.RemoveFirst();
            batch.Add(next, final);
        }
    }

    async Task WriteAsync(ShardBatch batch)
    {
        StorageInstruments.Batch(batch.Answers.Count);
        if (batch.IsEmpty) await CheckFenceAsync().ConfigureAwait(false);
        else if (await SubmitAsync(batch).ConfigureAwait(false) == TransactionEnd.Known)
        {
            return;
        }

        if (apart > 0) apart--;
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
            var (end, tag) = await table.SubmitAsync(rows, fence, batch.After).ConfigureAwait(false);
            if (end == TransactionEnd.Fenced) throw new SpoolFencedException();
            if (end == TransactionEnd.Known)
            {
                await SetBackAsync(batch).ConfigureAwait(false);
                return end;
            }

            StorageInstruments.Transaction(startedAt);
            fence = batch.After with { Tag = tag };
            batch.Publish(events);
            return end;
        }
        catch (SpoolUnavailableException error)
        {
            if (!error.OutcomeKnown) unsettled = batch;
            // One row that the table does not take must not take its neighbours with it.
            if (error.OutcomeKnown && batch.Answers.Count > 1 && SpoolAccount.StatusOf(error.InnerException!) is 400 or 413)
            {
                apart = batch.Answers.Count;
                SetBack(batch);
                return TransactionEnd.Known;
            }

            throw;
        }
    }

    /// <summary>Bars a transaction that may still be on its way by one of its own, or learns that it took place.</summary>
    async Task SettleAsync()
    {
        if (unsettled is not { } lost) return;
        var found = await table.FindFenceAsync(CancellationToken.None).ConfigureAwait(false) ?? throw new SpoolCorruptException("The fence of a shard is missing.");
        if (found.Epoch == fence.Epoch && found.Number == fence.Number)
        {
            var bar = fence with { Number = lost.After.Number + 1 };
            var rows = new List<Azure.Data.Tables.TableTransactionAction> { new(Azure.Data.Tables.TableTransactionActionType.UpdateReplace, bar.ToRow(table.Partition, fence.Epoch), fence.Tag) };
            var (end, tag) = await table.SubmitAsync(rows, fence, bar).ConfigureAwait(false);
            if (end == TransactionEnd.Done)
            {
                fence = bar with { Tag = tag };
                unsettled = null;
                return;
            }

            found = await table.FindFenceAsync(CancellationToken.None).ConfigureAwait(false) ?? found;
        }

        if (found.Epoch != fence.Epoch || found.Number < lost.After.Number) throw new SpoolFencedException();
        var tookPlace = found.Number == lost.After.Number;
        unsettled = null;
        fence = found;
        if (tookPlace) lost.Publish(events);
    }

    async Task CheckFenceAsync()
    {
        var found = await table.FindFenceAsync(CancellationToken.None).ConfigureAwait(false);
        if (found?.Epoch != fence.Epoch) throw new SpoolFencedException();
    }

    /// <summary>Some message that was to be added is known: it is looked up which, and all go to the front again.</summary>
    async Task SetBackAsync(ShardBatch batch)
    {
        var any = false;
        foreach (var (pending, status) in batch.Answers)
        {
            if (status != CommitStatus.Committed || pending.Commit is not { ExpectedVersion: 0 }) continue;
            pending.IsKnown = await table.FindFinalAsync(pending.Id, CancellationToken.None).ConfigureAwait(false) is not null;
            any |= pending.IsKnown;
        }

        if (!any) throw new SpoolUnavailableException(SpoolFault.Io, true, "The table refused a transaction without a reason.");
        SetBack(batch);
    }

    void SetBack(ShardBatch batch)
    {
        lock (gate)
        {
            for (var i = batch.Answers.Count - 1; i >= 0; i--) queue.AddFirst(batch.Answers[i].Commit);
        }
    }

    static SpoolUnavailableException Closed() => new(SpoolFault.Closed, true, "The spool was closed.");

    void FailAll(ShardBatch? batch, Exception error)
    {
        var waiting = new List<PendingCommit>();
        lock (gate)
        {
            if (batch is not null) waiting.AddRange(batch.Answers.Select(answer => answer.Commit));
            if (apart > 0) apart--;
            isFenced |= error is SpoolFencedException;
            if (batch is null || isFenced)
            {
                waiting.AddRange(queue);
                queue.Clear();
            }
        }

        var reason = error is SpoolFencedException or SpoolUnavailableException or SpoolCorruptException ? error : SpoolAccount.ForCallers(error, outcomeKnown: false);
        if (error is not SpoolFencedException) health(reason);
        foreach (var pending in waiting) pending.Completion.TrySetException(reason);
        if (isFenced) events.Close(reason);
    }
}
