using Azure.Data.Tables;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>Transactions that were lost or refused, and who hears of it.</summary>
sealed partial class ShardWriter
{
    /// <summary>Bars a transaction that may still be on its way by one of its own, or learns that it took place.</summary>
    async Task SettleAsync()
    {
        if (_unsettled is not { } lost) return;
        var found = await table.FindFenceAsync(CancellationToken.None).ConfigureAwait(false) ?? throw new SpoolCorruptException("The fence of a shard is missing.");
        if (found.Epoch == _fence.Epoch && found.Number == _fence.Number)
        {
            var bar = _fence with { Number = lost.After.Number + 1 };
            var rows = new List<TableTransactionAction> { new(TableTransactionActionType.UpdateReplace, bar.ToRow(table.Partition, _fence.Epoch), _fence.Tag) };
            var (end, tag) = await table.SubmitAsync(rows, _fence, bar).ConfigureAwait(false);
            if (end == TransactionEnd.Done)
            {
                _fence = bar with { Tag = tag };
                _unsettled = null;
                return;
            }

            found = await table.FindFenceAsync(CancellationToken.None).ConfigureAwait(false) ?? found;
        }

        if (found.Epoch != _fence.Epoch || found.Number < lost.After.Number) throw new SpoolFencedException();
        var tookPlace = found.Number == lost.After.Number;
        _unsettled = null;
        _fence = found;
        if (tookPlace) lost.Publish(events);
    }

    async Task CheckFenceAsync(CancellationToken cancellationToken)
    {
        var found = await table.FindFenceAsync(cancellationToken).ConfigureAwait(false);
        if (found?.Epoch != _fence.Epoch) throw new SpoolFencedException();
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
        lock (_gate) _queue.PutBack([.. batch.Answers.Select(answer => answer.Commit)]);
    }

    static SpoolUnavailableException Closed() => new(SpoolFault.Closed, true, "The spool was closed.");

    void FailAll(ShardBatch? batch, Exception error)
    {
        var waiting = new List<PendingCommit>();
        lock (_gate)
        {
            if (batch is not null) waiting.AddRange(batch.Answers.Select(answer => answer.Commit));
            if (_apart > 0) _apart--;
            _isFenced |= error is SpoolFencedException;
            if (batch is null || _isFenced) waiting.AddRange(_queue.TakeAll());
        }

        var reason = error is SpoolFencedException or SpoolUnavailableException or SpoolCorruptException ? error : SpoolAccount.ForCallers(error, outcomeKnown: false);
        if (error is not SpoolFencedException) health(reason);
        foreach (var pending in waiting) pending.Completion.TrySetException(reason);
        if (_isFenced) events.Close(reason);
    }
}
