using Azure;
using Azure.Data.Tables;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>
/// What is kept no longer. Final messages are found by the rows of events, the oldest of which lie together: such a row names the messages that ended in
/// its transaction. To look through all messages of a shard for those that are old would cost the more the more are kept.
/// </summary>
sealed partial class ShardWriter
{
    // A transaction takes 100. A row of events names at most 48 messages, each of which may be two rows: the oldest always fits.
    const int MaxPurgedRows = 98;

    static readonly string[] EndedColumns = ["RowKey", "Count", "At", SpoolRows.Ended];

    // No row of events is older: until it can be, nothing is asked for.
    long _nothingBefore = long.MinValue;

    // Messages that were told something after their end. Null while it is not known: before it is asked for, and after a transaction that failed.
    HashSet<MessageId>? _reopened;

    /// <summary>Removes the oldest rows of events before a time, and the messages that ended with them: about as many rows as the limit says.</summary>
    /// <returns>How many rows were removed.</returns>
    public Task<int> PurgeAsync(long finalBefore, int limit, CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        if (finalBefore <= _nothingBefore) return 0;
        limit = Math.Min(limit, MaxPurgedRows);
        var found = await table.QueryAsync("e", "f", null, limit, cancellationToken, EndedColumns).ConfigureAwait(false);
        var old = Oldest(found.TakeWhile(row => row.GetInt64("At") < finalBefore), limit);
        var removed = old.Count > 0 ? await RemoveAsync(old, finalBefore, cancellationToken).ConfigureAwait(false) : 0;
        if (old.Count == 0) await CheckFenceAsync(CancellationToken.None).ConfigureAwait(false);
        // What is written later is younger.
        if (old.Count < found.Count) _nothingBefore = Math.Max(_nothingBefore, found[old.Count].GetInt64("At") ?? long.MinValue);
        else if (found.Count < limit) _nothingBefore = finalBefore;
        return removed;
    }, cancellationToken);

    /// <summary>Looks through all messages for old ones that no row of events names: an earlier build wrote them, or they ended without an event.</summary>
    public async Task<int> PurgeUnnamedAsync(long finalBefore, CancellationToken cancellationToken)
    {
        var removed = 0;
        for (var from = "m"; ;)
        {
            var condition = FormattableString.Invariant($"FinalAt lt {finalBefore}L");
            var rows = await table.QueryAsync(from, "n", condition, MaxPurgedRows / 2, cancellationToken).ConfigureAwait(false);
            if (rows.Count == 0) return removed;
            // Commits went on meanwhile: the tag of what was read refuses to remove a message that was told something since.
            removed += await InTurnAsync(async () =>
            {
                var batch = NewBatch();
                var reopened = await ReopenedAsync(cancellationToken).ConfigureAwait(false);
                foreach (var row in rows.Where(row => index.Find(SpoolRows.IdOf(row.RowKey)) is null)) DeleteMessage(batch, SpoolRows.IdOf(row.RowKey), row.ETag, reopened);
                return await PurgeAsync(batch).ConfigureAwait(false);
            }, cancellationToken).ConfigureAwait(false);
            from = rows[^1].RowKey + "0";
        }
    }

    static List<TableEntity> Oldest(IEnumerable<TableEntity> rows, int limit)
    {
        var result = new List<TableEntity>();
        foreach (var row in rows)
        {
            limit -= 1 + 2 * SpoolRows.EndedIn(row).Count;
            if (limit < 0 && result.Count > 0) break;
            result.Add(row);
        }

        return result;
    }

    async Task<int> RemoveAsync(List<TableEntity> old, long finalBefore, CancellationToken cancellationToken)
    {
        try
        {
            return await RemoveAsync(old, finalBefore, areAllThere: true, cancellationToken).ConfigureAwait(false);
        }
        catch (SpoolUnavailableException error) when (error.OutcomeKnown && error.InnerException is { } cause && SpoolAccount.StatusOf(cause) == 404)
        {
            // Some of them are gone: the search through all took those that ended within the same moment, or an earlier build did.
            return await RemoveAsync(old, finalBefore, areAllThere: false, cancellationToken).ConfigureAwait(false);
        }
    }

    async Task<int> RemoveAsync(List<TableEntity> old, long finalBefore, bool areAllThere, CancellationToken cancellationToken)
    {
        var batch = NewBatch();
        var ended = old.SelectMany(SpoolRows.EndedIn).Where(id => index.Find(id) is null).ToHashSet();
        var reopened = ended.Count == 0 ? [] : await ReopenedAsync(cancellationToken).ConfigureAwait(false);
        foreach (var id in ended)
        {
            // Only a message that was told something after its end can be younger than the row that names it.
            if (areAllThere && !reopened.Contains(id) || await table.FindFinalAsync(id, cancellationToken).ConfigureAwait(false) is { FinalAt: { } at } && at.ToUnixTimeMilliseconds() < finalBefore)
                DeleteMessage(batch, id, ETag.All, reopened);
        }

        foreach (var row in old) batch.DeleteEvents(row);
        return await PurgeAsync(batch).ConfigureAwait(false);
    }

    // Asked for once: this is the only writer.
    async Task<HashSet<MessageId>> ReopenedAsync(CancellationToken cancellationToken) => _reopened ??= await table.ReadReopenedAsync(cancellationToken).ConfigureAwait(false);

    static void DeleteMessage(ShardBatch batch, MessageId id, ETag tag, HashSet<MessageId> reopened)
    {
        batch.Delete(SpoolRows.Known(id), tag);
        if (reopened.Remove(id)) batch.Delete(SpoolRows.Reopened(id), ETag.All);
    }

    async Task<int> PurgeAsync(ShardBatch batch)
    {
        if (batch.IsEmpty) return 0;
        var count = batch.Count;
        if (await SubmitAsync(batch).ConfigureAwait(false) != TransactionEnd.Done) throw new SpoolUnavailableException(SpoolFault.Io, true, "Rows changed while they were purged.");
        return count;
    }

    ShardBatch NewBatch() => new(table.Partition, _fence.Epoch, _fence, index);

    async Task<T> InTurnAsync<T>(Func<Task<T>> write, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SettleAsync().ConfigureAwait(false);
            return await write().ConfigureAwait(false);
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
}
