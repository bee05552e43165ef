using Orleans.Mail.Grains.Options;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Which way mail leaves.</summary>
public sealed class RouteTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task The_first_rule_that_fits_decides_and_without_one_MX_does()
    {
        await StartAsync(routing =>
        {
            foreach (var (name, port) in new[] { ("domain", 2501), ("tenant", 2502), ("campaign", 2503), ("priority", 2504) }) Relay(routing, name, port);
            routing.Rules.Add(new RouteRuleOptions { Route = "domain", Domain = "example.com" });
            routing.Rules.Add(new RouteRuleOptions { Route = "mx", Domain = ".example.com" });
            routing.Rules.Add(new RouteRuleOptions { Route = "campaign", Tenant = "acme", Campaign = "spring" });
            routing.Rules.Add(new RouteRuleOptions { Route = "tenant", Tenant = "acme" });
            routing.Rules.Add(new RouteRuleOptions { Route = "priority", Priority = Priority.High });
        });
        Assert.Equal("127.0.0.1:2501", await SiteOfAsync(MailCluster.Request("ann@example.com") with { Tenant = "acme" }));
        Assert.Equal("mx.sub.example.com", await SiteOfAsync(MailCluster.Request("ann@sub.example.com") with { Tenant = "acme" }));
        Assert.Equal("127.0.0.1:2503", await SiteOfAsync(MailCluster.Request("ann@example.net") with { Tenant = "acme", Campaign = "spring" }));
        Assert.Equal("127.0.0.1:2502", await SiteOfAsync(MailCluster.Request("ann@example.net") with { Tenant = "acme", Campaign = "autumn", Priority = Priority.High }));
        Assert.Equal("127.0.0.1:2504", await SiteOfAsync(MailCluster.Request("ann@example.net", priority: Priority.High)));
        Assert.Equal("mx.example.net", await SiteOfAsync(MailCluster.Request("ann@example.net")));
        Assert.Equal("127.0.0.1:2504", await SiteOfAsync(MailCluster.Request("ann@example.net") with { Route = "priority" }));
    }

    [Fact]
    public async Task Relays_of_one_tier_share_the_mail_by_weight_and_a_higher_tier_gets_none()
    {
        await StartAsync(routing =>
        {
            Relay(routing, "large", 2501, weight: 3);
            Relay(routing, "small", 2502, weight: 1);
            Relay(routing, "spare", 2503, tier: 1);
            foreach (var relay in routing.Relays.Values) relay.Pool = "out";
            routing.Rules.Add(new RouteRuleOptions { Route = "out" });
        });
        var requests = await _cluster.SubmitManyAsync(200, i => MailCluster.Request($"r{i}@example.com"));
        var sites = new List<string>();
        foreach (var request in requests) sites.Add((await _cluster.StatusAsync(request.Id, status => status.IsFinal)).Attempts[0].Site!);
        // 150 expected; chance alone leaves these bounds once in millions of runs.
        Assert.InRange(sites.Count(site => site == "127.0.0.1:2501"), 115, 185);
        Assert.DoesNotContain("127.0.0.1:2503", sites);
    }

    [Fact]
    public async Task Mail_to_any_domain_shares_the_site_of_its_relay()
    {
        await _cluster.With<SiteOptions>(sites => sites.MaxSessions = sites.InitialSessions = 1).With<RoutingOptions>(routing =>
        {
            Relay(routing, "out", 2501);
            routing.Rules.Add(new RouteRuleOptions { Route = "out" });
        }).StartWithAsync();
        var requests = await _cluster.SubmitManyAsync(20, i => MailCluster.Request($"r{i}@d{i}.example.com"));
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == requests.Length, "all should have left");
        Assert.Equal(1, _cluster.Wire.MostAtOnce);
        Assert.All(_cluster.Wire.Targets, target => Assert.Equal(2501, target.Port));
    }

    [Fact]
    public async Task A_site_keeps_the_rate_that_is_set_for_it()
    {
        await _cluster.With<ShapingOptions>(shaping => shaping.Sites["mx.example.com"] = new() { Rate = Policy.Shaping.RateLimit.Parse("10/1s, burst 3") }).StartWithAsync();
        var started = TimeProvider.System.GetTimestamp();
        var requests = await _cluster.SubmitManyAsync(23, i => MailCluster.Request($"r{i}@example.com"));
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == requests.Length, "all should have left");
        // Twenty behind the burst, ten a second: a slow machine only takes longer.
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromSeconds(1.9), "they left too fast");
        Assert.DoesNotContain(await _cluster.EventsAsync(), item => item.Type == EventType.Deferred);
    }

    static void Relay(RoutingOptions routing, string name, int port, int weight = 1, int tier = 0) =>
        routing.Relays[name] = new RelayOptions { Host = "127.0.0.1", Port = port, Tls = TlsMode.None, Weight = weight, Tier = tier };

    Task<MailCluster> StartAsync(Action<RoutingOptions> routes) => _cluster.With(routes).StartWithAsync();

    async Task<string?> SiteOfAsync(SubmitRequest request)
    {
        Assert.NotNull((await _cluster.SubmitAsync(request)).Receipt);
        return (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).Attempts[^1].Site;
    }
}
