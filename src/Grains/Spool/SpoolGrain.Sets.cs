using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Spool;

/// <summary>What is done to many messages of a shard at once. In order of id, which never changes: whoever was live at the start is met once.</summary>
sealed partial class SpoolGrain
{
    // A step ends well before the caller's patience does.
    static readonly TimeSpan SetStep = TimeSpan.FromSeconds(5);

    public async Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, string? continuation)
    {
        var total = new SetResult();
        var place = await WalkAsync(continuation, (record, state) => MessageSelector.Matches(selection, state, clock.GetUtcNow()), async id =>
        {
            var result = await ChangeAsync(id, change);
            total += new SetResult
            {
                Matched = 1,
                Changed = result is ChangeResult.Changed ? 1 : 0,
                TooLate = result is ChangeResult.TooLate ? 1 : 0,
                Refused = result is ChangeResult.Changed or ChangeResult.TooLate ? 0 : 1,
            };
        });
        return total with { Continuation = place };
    }

    public async Task<string?> ReleaseAsync(OrderScope scope, long version, string? continuation)
    {
        // Message grains live where their shard does: from here on none of them goes by older orders.
        await orders.EnsureAsync(version);
        var selection = new MessageSelection { Tenant = scope.Tenant, Campaign = scope.Campaign };
        return await WalkAsync(continuation, (record, state) => IsAsleep(record, state) && MessageSelector.Matches(selection, state, clock.GetUtcNow()), async id =>
        {
            await GrainFactory.GetGrain<IMessageDeliveryGrain>(id.ToString()).ResumeAsync();
        });
    }

    public async Task<int> ReleaseWaitingAsync(string waitsFor, long version)
    {
        await orders.EnsureAsync(version);
        var waiting = await Shard.ReadWaitingAsync(waitsFor, null, PageSize, CancellationToken.None);
        foreach (var chunk in waiting.Chunk(MaxWaking))
            await Task.WhenAll(chunk.Select(message => GrainFactory.ReleaseAsync(message.Id))).WaitAsync(_leaving);
        return waiting.Count;
    }

    // To be woken later than it is due: something holds it back, or a queue place does.
    static bool IsAsleep(MessageRecord record, MessageState state) =>
        state.Open.IsEmpty && state.Recipients.Any(recipient => recipient.IsOpen && recipient.NextDue < record.Due);

    async Task<string?> WalkAsync(string? continuation, Func<MessageRecord, MessageState, bool> isMeant, Func<MessageId, Task> act)
    {
        var started = systemClock.GetTimestamp();
        var before = continuation is null ? (MessageId?)null : MessageId.Parse(continuation);
        while (true)
        {
            var records = await Shard.ListAsync(before, null, PageSize, CancellationToken.None);
            foreach (var chunk in records.Where(record => IsMeant(record, isMeant)).Chunk(MaxWaking))
                await Task.WhenAll(chunk.Select(record => act(record.Id))).WaitAsync(_leaving);
            if (records.Count < PageSize) return null;
            before = records[^1].Id;
            if (systemClock.GetElapsedTime(started) >= SetStep) return before.ToString();
        }
    }

    bool IsMeant(MessageRecord record, Func<MessageRecord, MessageState, bool> isMeant)
    {
        if (record.Due is null || record.Due == MessageGrain.Quarantined) return false;
        try
        {
            return states.Deserialize(record.State) is { } state && isMeant(record, state);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogUnreadable(record.Id, exception);
            return false;
        }
    }

    // One message's trouble must not hide what became of the others; a spool that stores nothing concerns all.
    async Task<ChangeResult> ChangeAsync(MessageId id, MessageChange change, int triesLeft = 3)
    {
        try
        {
            return (await GrainFactory.GetGrain<IMessageGrain>(id.ToString()).ChangeAsync(change)).Result;
        }
        catch (OrleansMessageRejectionException) when (triesLeft > 1)
        {
            // Met a grain on its way out of memory: nothing was done.
            return await ChangeAsync(id, change, triesLeft - 1);
        }
        catch (Exception exception) when (exception is not (SpoolUnavailableException or SpoolFencedException or OutOfMemoryException))
        {
            LogWakeFailed(id, exception);
            return ChangeResult.Invalid;
        }
    }
}
