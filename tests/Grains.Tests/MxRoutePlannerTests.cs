using System.Net;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Grains.Tests;

public sealed class MxRoutePlannerTests
{
    static readonly MxHost Good = Host(10, "mx1.peer.test", "8.8.8.8", "10.0.0.1");
    static readonly MxHost Private = Host(5, "mx0.peer.test", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1");

    [Fact]
    public async Task Addresses_that_must_not_be_contacted_are_left_out()
    {
        var plan = await PlanAsync(Answer(Private, Good));
        Assert.Null(plan.Refusal);
        Assert.Equal(("mx1.peer.test", "8.8.8.8"), Single(plan));
        Assert.Equal([new ExcludedHost("mx0.peer.test", HostExclusion.ForbiddenAddress)], plan.Excluded);
        Assert.StartsWith("mx", plan.Site.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Domain_with_none_but_forbidden_addresses_waits_and_says_why()
    {
        var plan = await PlanAsync(Answer(Private));
        Assert.Empty(plan.Targets(() => 0, TlsMode.Opportunistic));
        Assert.Equal((OutcomeKind.Deferred, "mx.forbidden-address", true), (plan.Refusal!.Kind, plan.Refusal.Rule, plan.Refusal.IsSiteTrouble));
    }

    [Fact]
    public async Task Own_host_is_a_loop() =>
        Assert.Equal("mx.loop", (await PlanAsync(Answer(Host(10, "out.sender.test", "8.8.8.8")))).Refusal?.Rule);

    [Fact]
    public async Task Enforced_policy_leaves_the_hosts_that_it_names_and_demands_proof()
    {
        var policy = new MtaStsPolicy("a1", MtaStsMode.Enforce, ["mx1.peer.test"], TimeSpan.FromDays(1));
        var plan = await PlanAsync(Answer(Good, Host(20, "mx2.peer.test", "8.8.4.4")), policy);
        var target = Assert.Single(plan.Targets(() => 0, TlsMode.Opportunistic));
        Assert.Equal((TlsMode.Verified, "mx1.peer.test"), (target.Tls, Assert.Single(target.CertificateNames)));
        Assert.Equal([new ExcludedHost("mx2.peer.test", HostExclusion.MtaSts)], plan.Excluded);

        var none = await PlanAsync(Answer(Good), policy with { Mx = ["other.test"] });
        Assert.Equal((OutcomeKind.Deferred, Categories.Tls, "mta-sts.no-host", false), (none.Refusal!.Kind, none.Refusal.Category, none.Refusal.Rule, none.Refusal.IsSiteTrouble));
    }

    [Theory]
    [InlineData(true, "dane.no-host")]
    [InlineData(false, null)]
    public async Task Unknown_records_count_only_where_the_list_of_hosts_is_validated(bool isSecure, string? rule)
    {
        var dane = new DaneAnswer(DaneStatus.Unknown, [], Good.Name, DateTimeOffset.MaxValue);
        Assert.Equal(rule, (await PlanAsync(Answer(Good) with { IsSecure = isSecure }, null, dane)).Refusal?.Rule);
    }

    [Fact]
    public void Site_is_known_once_the_answer_is()
    {
        Assert.Null(Planner(null).TryGetSite("peer.test"));
        Assert.Equal("mx1.peer.test", Planner(Answer(Good)).TryGetSite("peer.test")?.Value);
    }

    static (string, string) Single(MxPlan plan)
    {
        var target = Assert.Single(plan.Targets(() => 0, TlsMode.Opportunistic));
        return (target.Host, target.Address.ToString());
    }

    static ValueTask<MxPlan> PlanAsync(MxAnswer answer, MtaStsPolicy? policy = null, DaneAnswer? dane = null) =>
        Planner(answer, policy, dane).PlanAsync("peer.test", TestContext.Current.CancellationToken);

    static MxRoutePlanner Planner(MxAnswer? answer, MtaStsPolicy? policy = null, DaneAnswer? dane = null)
    {
        var facts = new Facts(answer, policy, dane);
        return new MxRoutePlanner(facts, facts, facts, AddressGuard.Strict, "out.sender.test");
    }

    static MxAnswer Answer(params MxHost[] hosts) => new(MxStatus.Hosts, [.. hosts], DateTimeOffset.MaxValue) { Names = [.. hosts.Select(host => host.Name)] };

    static MxHost Host(int preference, string name, params string[] addresses) => new(preference, name, [.. addresses.Select(IPAddress.Parse)]) { IsSecure = true };

    sealed class Facts(MxAnswer? answer, MtaStsPolicy? policy, DaneAnswer? dane) : IMxResolver, IMtaSts, IDane
    {
        public ValueTask<MxAnswer> ResolveAsync(string domain, CancellationToken cancellationToken) => new(answer!);

        public MxAnswer? Known(string domain) => answer;

        ValueTask<MtaStsPolicy?> IMtaSts.FindAsync(string domain, CancellationToken cancellationToken) => new(policy);

        ValueTask<DaneAnswer> IDane.FindAsync(MxHost host, CancellationToken cancellationToken) => new(dane ?? new DaneAnswer(DaneStatus.None, [], host.Name, DateTimeOffset.MaxValue));
    }
}
