using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Grains.Placement;

/// <summary>
/// Which silo each shard, and each site, belongs on: a function of the silos alone, so that all silos come to the same answer without asking each other. Every silo
/// gets its share, and a silo that leaves or joins moves little more than its own shards (rendezvous hashing with a bound for each silo).
/// A silo keeps its shards over a restart: only its address counts, not its generation.
/// </summary>
sealed class ShardPlan
{
    readonly ImmutableArray<SiloAddress> _owners;

    /// <param name="shardCount">From 1.</param>
    /// <param name="silos">At least one, in any order.</param>
    public ShardPlan(int shardCount, IReadOnlyCollection<SiloAddress> silos)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shardCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(silos.Count, 1, nameof(silos));
        Silos = [.. silos.Order()];
        var share = (shardCount + Silos.Length - 1) / Silos.Length;
        var taken = new int[Silos.Length];
        var owners = ImmutableArray.CreateBuilder<SiloAddress>(shardCount);
        for (var shard = 0; shard < shardCount; shard++)
        {
            var best = Enumerable.Range(0, Silos.Length).Where(silo => taken[silo] < share).MaxBy(silo => Weight(Silos[silo], shard.ToString(CultureInfo.InvariantCulture)));
            taken[best]++;
            owners.Add(Silos[best]);
        }

        _owners = owners.MoveToImmutable();
    }

    public ImmutableArray<SiloAddress> Silos { get; }

    public SiloAddress OwnerOf(int shard) => _owners[shard];

    /// <summary>Where a site belongs: nobody knows how many there are, so that only chance makes the shares even.</summary>
    public SiloAddress OwnerOf(string site) => Silos.MaxBy(silo => Weight(silo, site))!;

    /// <summary>Whether it is the plan for these silos, in any order.</summary>
    public bool IsFor(IReadOnlyCollection<SiloAddress> silos) => silos.Count == Silos.Length && silos.All(Silos.Contains);

    static ulong Weight(SiloAddress silo, string what)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{silo.Endpoint}/{what}"), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
