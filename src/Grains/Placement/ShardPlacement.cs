using Orleans.Mail.Grains.Spool;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Orleans.Mail.Grains.Placement;

/// <summary>A grain lives on the silo that its shard belongs on (<see cref="ShardPlan"/>): its commits are then plain calls.</summary>
[AttributeUsage(AttributeTargets.Class)]
sealed class ShardPlacementAttribute() : PlacementAttribute(new ShardPlacementStrategy());

/// <summary>See <see cref="ShardPlacementAttribute"/>.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("mail.v1.ShardPlacementStrategy")]
sealed class ShardPlacementStrategy : PlacementStrategy;

/// <summary>
/// Grains are named by the number of a shard, or by the id of a message. Every silo of the cluster can hold them, so only the plan decides, by the very
/// view that the grain itself goes by: if placement knew the silos from anywhere else, a grain might be placed where it will not stay.
/// </summary>
sealed class ShardPlacementDirector(ClusterView cluster, SpoolShards shards) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(cluster.OwnerOf(ShardOf(target.GrainIdentity)));

    int ShardOf(GrainId grain) => grain.Type.ToString() == SpoolGrain.TypeName
        ? (int)grain.GetIntegerKey()
        : MessageId.Parse(grain.Key.ToString()!).ShardOf(shards.Count);
}
