using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Placement;

/// <summary>The cluster as this silo knows it.</summary>
sealed class ClusterView(IClusterMembershipService membership, ILocalSiloDetails local, ISpool spool)
{
    ShardPlan? _plan;

    public SiloAddress Local => local.SiloAddress;

    /// <summary>Each change of the membership, the present one first.</summary>
    public IAsyncEnumerable<ClusterMembershipSnapshot> Changes => membership.MembershipUpdates;

    /// <summary>Where a shard belongs now.</summary>
    public SiloAddress OwnerOf(int shard) => Plan().OwnerOf(shard);

    /// <summary>Where a site belongs now.</summary>
    public SiloAddress OwnerOf(string site) => Plan().OwnerOf(site);

    ShardPlan Plan()
    {
        var silos = membership.CurrentSnapshot.Members.Values.Where(member => member.Status is SiloStatus.Active).Select(member => member.SiloAddress).ToList();
        if (silos.Count == 0) silos.Add(Local);
        if (Volatile.Read(ref _plan) is { } known && known.IsFor(silos)) return known;
        var plan = new ShardPlan(spool.ShardCount, silos);
        Volatile.Write(ref _plan, plan);
        return plan;
    }

    /// <summary>Whether that silo has ended for ever: the cluster declared it dead, or another was started at its address. False for one that is not known.</summary>
    public bool IsGone(SiloAddress silo) => membership.CurrentSnapshot.GetSiloStatus(silo) is SiloStatus.Dead;
}
