using System.Collections.Concurrent;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Spool;

/// <summary>
/// The shards that this silo owns. A shard is opened by its <see cref="SpoolGrain"/>; message grains, which live on the silo of their shard,
/// then commit by a plain call.
/// </summary>
sealed class SpoolShards(ISpool spool, IGrainFactory grains)
{
    readonly ConcurrentDictionary<int, ISpoolShard> _open = new();
    readonly ConcurrentDictionary<int, long> _firstEpochs = new();

    public int Count => spool.ShardCount;

    public ISpool Spool => spool;

    public ValueTask<ISpoolShard> OfAsync(MessageId id)
    {
        var number = id.ShardOf(spool.ShardCount);
        return _open.TryGetValue(number, out var shard) ? new ValueTask<ISpoolShard>(shard) : OpenAsync(number);
    }

    /// <summary>The open shard of a message that is being worked for.</summary>
    public ISpoolShard Opened(MessageId id) => _open[id.ShardOf(spool.ShardCount)];

    public void Opened(ISpoolShard shard)
    {
        _firstEpochs.TryAdd(shard.Number, shard.Epoch);
        _open[shard.Number] = shard;
    }

    /// <summary>Whether whoever worked in that epoch of the shard has ended. Epochs of this silo have not: its sessions outlive a shard that is opened again.</summary>
    public bool IsDead(ISpoolShard shard, long epoch) =>
        shard.EarlierEpochsAreDead && _firstEpochs.TryGetValue(shard.Number, out var first) && epoch < first;

    public void Closed(ISpoolShard shard) => _open.TryRemove(KeyValuePair.Create(shard.Number, shard));

    async ValueTask<ISpoolShard> OpenAsync(int number)
    {
        await grains.GetGrain<ISpoolOwnerGrain>(number).EnsureOpenAsync();
        return _open.TryGetValue(number, out var shard)
            ? shard
            : throw new SpoolUnavailableException($"Shard {number} of the spool is not open on this silo.");
    }
}
