using System.Collections.Concurrent;
using Orleans.Mail.Grains.Placement;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Spool;

/// <summary>
/// The shards that this silo owns. A shard is opened by its <see cref="SpoolGrain"/>; message grains, which live on the silo of their shard,
/// then commit by a plain call. When the shard goes, they go too.
/// </summary>
sealed class SpoolShards(ISpool spool, IGrainFactory grains, ClusterView cluster, TimeProvider clock) : IDisposable
{
    // Silos that hear of a change one after the other disagree for a moment on whose a shard is.
    const int MostTries = 8;
    static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(50);

    readonly ConcurrentDictionary<int, ISpoolShard> _open = new();
    readonly ConcurrentDictionary<int, long> _firstEpochs = new();
    readonly ConcurrentDictionary<GrainId, (IGrainContext Context, ISpoolShard Shard)> _guests = new();

    readonly CancellationTokenSource _stopping = new();

    public int Count => spool.ShardCount;

    /// <summary>This silo leaves the cluster.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    public ISpool Spool => spool;

    /// <summary>The shard of a message, open on this silo.</summary>
    /// <param name="id">The message.</param>
    /// <param name="guest">Who uses it: is sent away when the shard closes.</param>
    /// <exception cref="SpoolUnavailableException">The shard is not here, or cannot be opened.</exception>
    public async ValueTask<ISpoolShard> OfAsync(MessageId id, IGrainContext guest)
    {
        var number = id.ShardOf(spool.ShardCount);
        while (true)
        {
            var shard = _open.TryGetValue(number, out var open) ? open : await OpenAsync(number);
            _guests[guest.GrainId] = (guest, shard);
            // Closed just before the guest was listed: nobody would have told it.
            if (_open.TryGetValue(number, out var now) && ReferenceEquals(now, shard)) return shard;
        }
    }

    /// <summary>A guest left by itself.</summary>
    public void Left(IGrainContext guest)
    {
        if (_guests.TryGetValue(guest.GrainId, out var entry) && ReferenceEquals(entry.Context, guest)) _guests.TryRemove(KeyValuePair.Create(guest.GrainId, entry));
    }

    public IReadOnlyCollection<ISpoolShard> Open => [.. _open.Values];

    public bool IsOpen(int number) => _open.ContainsKey(number);

    /// <summary>
    /// Notes that the end of data of an attempt is about to be sent. A spool that silos share keeps no such notes, since whoever reads them is most
    /// often on another machine: there, an attempt's own commits tell, or it is in doubt.
    /// </summary>
    public void MarkEndOfData(MessageId id, int attempt)
    {
        if (!spool.IsShared) _open[id.ShardOf(spool.ShardCount)].MarkEndOfData(id, attempt);
    }

    public void Opened(ISpoolShard shard)
    {
        _firstEpochs.TryAdd(shard.Number, shard.Epoch);
        _open[shard.Number] = shard;
    }

    /// <summary>Whether whoever worked in that epoch of the shard has ended. Epochs of this silo have not: its sessions outlive a shard that is opened again.</summary>
    public bool IsDead(ISpoolShard shard, long epoch) =>
        shard.EarlierEpochsAreDead && _firstEpochs.TryGetValue(shard.Number, out var first) && epoch < first;

    public void Closed(ISpoolShard shard)
    {
        _open.TryRemove(KeyValuePair.Create(shard.Number, shard));
        foreach (var (_, guest) in _guests.Where(guest => ReferenceEquals(guest.Value.Shard, shard)))
            guest.Context.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "Its shard is not on this silo any more."), CancellationToken.None);
    }

    async ValueTask<ISpoolShard> OpenAsync(int number)
    {
        for (var tries = 1; ; tries++)
        {
            await grains.GetGrain<ISpoolOwnerGrain>(number).EnsureOpenAsync();
            if (_open.TryGetValue(number, out var shard)) return shard;
            if (tries == MostTries || cluster.OwnerOf(number) != cluster.Local) throw new SpoolUnavailableException($"Shard {number} of the spool is not open on this silo.");
            await Task.Delay(FirstWait * tries, clock);
        }
    }
}
