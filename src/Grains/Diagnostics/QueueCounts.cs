using Orleans.Mail.Grains.Spool;

namespace Orleans.Mail.Grains.Diagnostics;

/// <summary>What the shards of this silo hold now.</summary>
/// <param name="Shards">How many shards are here.</param>
/// <param name="Live">Messages without an end.</param>
/// <param name="OldestDue">When the first of them is to be looked at; in the past where something is late. Null when there is none.</param>
public sealed record QueueCount(int Shards, long Live, DateTimeOffset? OldestDue);

/// <summary>Counts what waits on this silo. Cheap: no storage is asked.</summary>
public sealed class QueueCounts
{
    readonly SpoolShards _shards;

    internal QueueCounts(SpoolShards shards) => _shards = shards;

    public async Task<QueueCount> ReadAsync(CancellationToken cancellationToken)
    {
        var counts = await Task.WhenAll(_shards.Open.Select(shard => shard.CountAsync(cancellationToken)));
        return new QueueCount(counts.Length, counts.Sum(count => (long)count.Live), counts.Min(count => count.OldestDue));
    }
}
