using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Domains;

/// <summary>
/// Everything in the whole cluster that waits for one site, by priority and then by age: read from the index that the spool keeps, shard by shard,
/// so it is complete however much waits and whoever died meanwhile.
/// </summary>
sealed class SiteRelease(IGrainFactory grains, string site, int shardCount)
{
    const int PageSize = 128;

    readonly Shard[] _shards = [.. Enumerable.Range(0, shardCount).Select(number => new Shard(number))];

    /// <summary>Wakes up to <paramref name="count"/> messages. Returns how many; 0 means that nothing waits any more.</summary>
    public async Task<int> WakeAsync(int count)
    {
        var ids = new List<MessageId>(count);
        while (ids.Count < count && await NextAsync() is { } next) ids.Add(next.Id);
        await Task.WhenAll(ids.Select(WakeOneAsync));
        return ids.Count;
    }

    /// <summary>Wakes one message to find out whether the site talks again: of those next in line the least urgent, since it may be deferred for it.</summary>
    public async Task<bool> ProbeAsync()
    {
        await Task.WhenAll(_shards.Select(FillAsync));
        var candidates = _shards.SelectMany(shard => shard.Next).ToList();
        if (candidates.Count == 0) return false;
        await WakeOneAsync(candidates.MaxBy(waiting => waiting.Rank).Id);
        return true;
    }

    async Task<WaitingMessage?> NextAsync()
    {
        await Task.WhenAll(_shards.Select(FillAsync));
        Shard? first = null;
        foreach (var shard in _shards)
            if (shard.Next.TryPeek(out var next) && (first is null || IsBefore(next, first.Next.Peek())))
                first = shard;
        return first?.Next.Dequeue();
    }

    // Arrival counts within one shard; between shards of one rank it is near enough, since all of them fill at the same pace.
    static bool IsBefore(WaitingMessage one, WaitingMessage other) => one.Rank != other.Rank ? one.Rank < other.Rank : one.Arrival < other.Arrival;

    async Task FillAsync(Shard shard)
    {
        if (shard.Next.Count > 0 || shard.IsRead) return;
        var page = await grains.GetGrain<ISpoolOwnerGrain>(shard.Number).ReadWaitingAsync(site, shard.Last, PageSize);
        shard.IsRead = page.Length < PageSize;
        foreach (var waiting in page) shard.Next.Enqueue(waiting);
        if (page.Length > 0) shard.Last = page[^1];
    }

    // One that cannot be woken stays in the index, and wakes by its own time.
    async Task WakeOneAsync(MessageId id)
    {
        try
        {
            await grains.ReleaseAsync(id);
        }
        catch (Exception exception) when (exception is SpoolUnavailableException or OrleansException or TimeoutException)
        {
            return;
        }
    }

    sealed class Shard(int number)
    {
        public int Number => number;

        public Queue<WaitingMessage> Next { get; } = new();

        public WaitingMessage? Last { get; set; }

        public bool IsRead { get; set; }
    }
}
