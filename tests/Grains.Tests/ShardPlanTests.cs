using System.Net;
using Orleans.Mail.Grains.Placement;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Which silo has which shard: the same answer everywhere, fair, and with little moving.</summary>
public sealed class ShardPlanTests
{
    const int Shards = 64;

    static SiloAddress Silo(int number, int generation = 1) => SiloAddress.New(new IPEndPoint(IPAddress.Parse("10.0.0.4"), 11_111 + number), generation);

    static SiloAddress[] Silos(int count) => [.. Enumerable.Range(0, count).Select(number => Silo(number))];

    static SiloAddress[] Owners(IReadOnlyCollection<SiloAddress> silos)
    {
        var plan = new ShardPlan(Shards, silos);
        return [.. Enumerable.Range(0, Shards).Select(plan.OwnerOf)];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(20)]
    [InlineData(64)]
    public void Every_silo_has_its_share(int silos)
    {
        var shares = Owners(Silos(silos)).CountBy(owner => owner).ToDictionary();
        Assert.All(shares.Values, share => Assert.InRange(share, 1, (Shards + silos - 1) / silos));
        if (silos <= 8) Assert.Equal(silos, shares.Count);
    }

    [Fact]
    public void The_order_in_which_silos_are_known_makes_no_difference() => Assert.Equal(Owners(Silos(5)), Owners([.. Silos(5).Reverse()]));

    [Fact]
    public void A_silo_that_joins_takes_its_share_of_sites_and_no_other_site_moves()
    {
        var sites = Enumerable.Range(0, 1000).Select(number => $"mx{number}.example").ToList();
        var (before, after) = (new ShardPlan(Shards, Silos(3)), new ShardPlan(Shards, Silos(4)));
        var moved = sites.Where(site => before.OwnerOf(site) != after.OwnerOf(site)).ToList();
        Assert.All(moved, site => Assert.Equal(Silo(3), after.OwnerOf(site)));
        Assert.InRange(moved.Count, 200, 300);
    }

    [Fact]
    public void A_silo_that_starts_again_at_its_address_has_the_shards_it_had() =>
        Assert.Equal(Owners(Silos(3)).Select(owner => owner.Endpoint), Owners([Silo(0), Silo(1, generation: 2), Silo(2)]).Select(owner => owner.Endpoint));

    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    public void A_silo_that_joins_or_leaves_moves_few_shards_besides_its_own(int silos)
    {
        var (fewer, more) = (Owners(Silos(silos)), Owners(Silos(silos + 1)));
        var moved = Enumerable.Range(0, Shards).Count(shard => !fewer[shard].Equals(more[shard]));
        var share = (Shards + silos) / (silos + 1);
        Assert.InRange(moved, share / 2, share * 2);
    }

    [Fact]
    public void A_plan_knows_for_whom_it_was_made()
    {
        var plan = new ShardPlan(Shards, Silos(3));
        Assert.True(plan.IsFor([.. Silos(3).Reverse()]));
        Assert.False(plan.IsFor(Silos(2)));
        Assert.False(plan.IsFor([Silo(0), Silo(1), Silo(2, generation: 2)]));
    }

    [Fact]
    public void Nothing_is_planned_for_nobody()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ShardPlan(Shards, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ShardPlan(0, Silos(1)));
    }
}
