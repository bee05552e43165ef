using Orleans.Runtime.Placement;

namespace Orleans.Mail.Grains.Placement;

/// <summary>
/// A site's grain lives where <see cref="ShardPlan"/> says, so that a silo that joins gets its share of them. It stands in for Orleans' own director of
/// <see cref="HashBasedPlacement"/>, whose answers change for nearly all sites when one silo comes or goes. That name stays: silos of earlier builds in the same cluster know it.
/// </summary>
sealed class SitePlacementDirector(ClusterView cluster) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(cluster.OwnerOf(target.GrainIdentity.Key.ToString()!));
}
