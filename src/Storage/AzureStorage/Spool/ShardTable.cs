using Azure;
using Azure.Data.Tables;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>How a transaction ended.</summary>
enum TransactionEnd : byte
{
    Done,

    /// <summary>Nothing was stored: a message that was to be added is known.</summary>
    Known,

    /// <summary>Somebody else opened the shard.</summary>
    Fenced,
}

/// <summary>The partition of a shard: what is read of it, and its transactions.</summary>
sealed class ShardTable(SpoolAccount account, int shard, Action<Exception> trouble)
{
    /// <summary>Most rows that one request answers.</summary>
    public const int PageRows = 1000;

    // Of 64 KiB; a state has fewer octets.
    const int MaxStateParts = 7;

    // By more than this the clocks of silos do not differ.
    static readonly TimeSpan LabelMargin = TimeSpan.FromMinutes(10);

    static readonly string[] LiveColumns = ["RowKey", "Version", "Due", "Holder", "Site", "Rank", "Arrival", "Octets", "Hash", "Blob", "Label", "LabelVersion"];
    static readonly string[] StateColumns = ["RowKey", "Version", "Due", .. SpoolRows.PartColumns("State", MaxStateParts)];

    public string Partition { get; } = SpoolRows.Partition(shard);

    public SpoolAccount Account => account;

    /// <summary>Raises the fence; from then on no transaction of an earlier opening succeeds.</summary>
    public async Task<FenceState> RaiseFenceAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var fence = await FindFenceAsync(cancellationToken).ConfigureAwait(false);
            var next = fence is null
                ? new FenceState(default, 1, 0, 1, 0, 0, 0)
                : fence with { Epoch = fence.Epoch + 1, LabelledFrom = fence.LabelledFrom ?? (account.Clock.GetUtcNow() + LabelMargin).ToUnixTimeMilliseconds() };
            var row = next.ToRow(Partition, next.Epoch);
            try
            {
                var answer = fence is null
                    ? await account.Writing.AddEntityAsync(row, cancellationToken).ConfigureAwait(false)
                    : await account.Writing.UpdateEntityAsync(row, fence.Tag, TableUpdateMode.Replace, cancellationToken).ConfigureAwait(false);
                return next with { Tag = answer.Headers.ETag!.Value };
            }
            catch (Exception error) when (SpoolAccount.IsFailure(error) && !cancellationToken.IsCancellationRequested)
            {
                // Refused because of another opener, or the answer was lost: a second raise does no harm.
                if (attempt > account.Options.MaxRetries) throw SpoolAccount.ForCallers(error, outcomeKnown: false);
                await account.PauseAsync(attempt, error).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Submits a transaction until its outcome is known. A repetition carries the tag of the first try, so that at most one of them succeeds, and
    /// the fence's number says afterwards whether one did.
    /// </summary>
    /// <exception cref="SpoolUnavailableException">Nothing was stored, or it is not known.</exception>
    public async Task<(TransactionEnd End, ETag Tag)> SubmitAsync(List<TableTransactionAction> rows, FenceState before, FenceState after)
    {
        var isOpen = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var answer = await account.Writing.SubmitTransactionAsync(rows, CancellationToken.None).ConfigureAwait(false);
                return (TransactionEnd.Done, answer.Value[0].Headers.ETag!.Value);
            }
            catch (Exception error) when (SpoolAccount.IsFailure(error))
            {
                var status = SpoolAccount.StatusOf(error);
                if (status is 409 or 412 && await FindOutcomeAsync(before, after).ConfigureAwait(false) is { } outcome) return outcome;
                if (status is >= 400 and < 500 and not (408 or 409 or 412 or 429)) throw SpoolAccount.ForCallers(error, outcomeKnown: !isOpen);
                // Who is throttled was not served; any other failure, also of a service that says it is busy, may have lost the answer.
                isOpen |= status is not 429;
                if (attempt > account.Options.MaxRetries) throw SpoolAccount.ForCallers(error, outcomeKnown: !isOpen);
                // Silence takes each try its full time: told before the last of them has passed.
                if (attempt == 2 && status == 0) trouble(SpoolAccount.ForCallers(error, outcomeKnown: false));
                await account.PauseAsync(attempt, error).ConfigureAwait(false);
            }
        }
    }

    public Task<FenceState?> FindFenceAsync(CancellationToken cancellationToken) => SpoolAccount.CallAsync(async () =>
        await FindAsync(SpoolRows.Fence, null, cancellationToken).ConfigureAwait(false) is { } row ? FenceState.From(row) : null, cancellationToken);

    /// <summary>The record of a message that is not live; null when it is unknown.</summary>
    public Task<MessageRecord?> FindFinalAsync(MessageId id, CancellationToken cancellationToken) => SpoolAccount.CallAsync(async () =>
        await FindAsync(SpoolRows.Known(id), null, cancellationToken).ConfigureAwait(false) is { } row ? SpoolRows.FinalRecord(id, row) : null, cancellationToken);

    public Task<TableEntity?> FindLiveAsync(MessageId id, CancellationToken cancellationToken) => SpoolAccount.CallAsync(() => FindAsync(SpoolRows.Live(id), null, cancellationToken), cancellationToken);

    public Task<List<LiveMessage>> LoadLiveAsync(CancellationToken cancellationToken) => SpoolAccount.CallAsync(async () =>
    {
        var result = new List<LiveMessage>();
        await foreach (var row in account.Reading.QueryAsync<TableEntity>(Between("l", "m"), select: LiveColumns, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            // A writer that knows no labels leaves the one that it found.
            var label = row.GetInt64("LabelVersion") == row.GetInt64("Version") ? row.GetString("Label") ?? "" : "";
            result.Add(new LiveMessage(SpoolRows.IdOf(row.RowKey), row.GetInt64("Version")!.Value, row.GetInt64("Due")!.Value, row.GetInt64("Holder")!.Value, row.GetString("Site") ?? "",
                (byte)row.GetInt32("Rank")!.Value, row.GetInt64("Arrival")!.Value, row.GetInt32("Octets")!.Value, row.GetInt64("Hash")!.Value, row.GetString("Blob") ?? "", string.Intern(label)));
        }

        return result;
    }, cancellationToken);

    /// <summary>States of the live messages from the first to the last in falling order of ids.</summary>
    public async Task<List<MessageRecord>> ReadLiveAsync(MessageId first, MessageId last, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(SpoolRows.Live(first), SpoolRows.Live(last) + "0", null, int.MaxValue, cancellationToken, StateColumns).ConfigureAwait(false);
        return [.. rows.Select(row => SpoolRows.LiveRecord(SpoolRows.IdOf(row.RowKey), row))];
    }

    /// <summary>Messages that were told something after their end: few, in the life of a spool.</summary>
    public async Task<HashSet<MessageId>> ReadReopenedAsync(CancellationToken cancellationToken) =>
        [.. (await QueryAsync("r", "s", null, int.MaxValue, cancellationToken, ["RowKey"]).ConfigureAwait(false)).Select(row => SpoolRows.IdOf(row.RowKey))];

    /// <summary>When the partition was last looked through for what nothing names. The beginning of time where it never was.</summary>
    public Task<DateTimeOffset> FindSweptAtAsync(CancellationToken cancellationToken) => SpoolAccount.CallAsync(async () =>
        await FindAsync(SpoolRows.Swept, null, cancellationToken).ConfigureAwait(false) is { } row ? row.GetDateTimeOffset("At") ?? default : default, cancellationToken);

    public Task NoteSweptAsync(DateTimeOffset at, CancellationToken cancellationToken) => SpoolAccount.CallAsync(() =>
        account.Writing.UpsertEntityAsync(new TableEntity(Partition, SpoolRows.Swept) { ["At"] = at }, TableUpdateMode.Replace, cancellationToken), cancellationToken);

    /// <summary>Rows with a key from the first and before the second, in order; all columns, or some.</summary>
    public Task<List<TableEntity>> QueryAsync(string from, string to, string? condition, int limit, CancellationToken cancellationToken, string[]? columns = null) => SpoolAccount.CallAsync(async () =>
    {
        var result = new List<TableEntity>();
        var filter = condition is null ? Between(from, to) : $"{Between(from, to)} and {condition}";
        await foreach (var row in account.Reading.QueryAsync<TableEntity>(filter, Math.Clamp(limit, 1, PageRows), columns, cancellationToken).ConfigureAwait(false))
        {
            result.Add(row);
            if (result.Count == limit) break;
        }

        return result;
    }, cancellationToken);

    async Task<(TransactionEnd End, ETag Tag)?> FindOutcomeAsync(FenceState before, FenceState after)
    {
        FenceState fence;
        try
        {
            fence = await FindFenceAsync(CancellationToken.None).ConfigureAwait(false) ?? throw new SpoolCorruptException("The fence of a shard is missing.");
        }
        catch (SpoolUnavailableException error)
        {
            throw SpoolAccount.ForCallers(error.InnerException ?? error, outcomeKnown: false);
        }

        if (fence.Epoch != after.Epoch) return (TransactionEnd.Fenced, default);
        if (fence.Number == after.Number) return (TransactionEnd.Done, fence.Tag);
        return fence.Tag == before.Tag ? (TransactionEnd.Known, before.Tag) : (TransactionEnd.Fenced, default);
    }

    string Between(string from, string to) => TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey ge {from} and RowKey lt {to}");

    async Task<TableEntity?> FindAsync(string row, string[]? columns, CancellationToken cancellationToken)
    {
        try
        {
            // Not the call that does without an exception: it says the same of a missing row and of a missing table.
            return (await account.Reading.GetEntityAsync<TableEntity>(Partition, row, columns, cancellationToken).ConfigureAwait(false)).Value;
        }
        catch (RequestFailedException failure) when (failure.Status == 404 && failure.ErrorCode is not ("TableNotFound" or "TableBeingDeleted"))
        {
            return null;
        }
    }
}
