using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>The rate of one recipient domain, and limits that operators order for it and for a tenant.</summary>
public sealed class DomainRateTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Other_domains_of_the_same_site_do_not_wait_for_it()
    {
        _cluster.Wire.OnResolve = _ => ScriptedWire.Hosts("mx.test");
        await StartAsync(shaping => shaping.Domains["slow.example.com"] = new SiteLimitsOverride { Rate = RateLimit.Parse("1/1h") });
        // Behind each other in one queue, of one tenant.
        for (var i = 0; i < 20; i++)
        {
            await SubmitAsync($"r{i}@slow.example.com");
            await SubmitAsync($"r{i}@free.example.com");
        }

        await SentAsync("free.example.com", 20);
        await SentAsync("slow.example.com", 1);
        Assert.Equal(1, Sent("slow.example.com"));
    }

    [Fact]
    public async Task It_holds_over_two_sites()
    {
        // Two relays in turn: two queues, and one domain.
        await StartAsync(shaping => shaping.Domains["slow.example.com"] = new SiteLimitsOverride { Rate = RateLimit.Parse("20/1s") }, Relays);
        var clock = Stopwatch.StartNew();
        await _cluster.SubmitManyAsync(60, i => MailCluster.Request($"r{i}@slow.example.com") with { Tenant = $"t{i % 3}" });
        await SentAsync("slow.example.com", 60);
        // At once goes what comes due in one block time, 5; the other 55 at 20 a second. Each site for itself would need half of it.
        Assert.True(clock.Elapsed > TimeSpan.FromSeconds(2.5), $"60 messages at 20/s took {clock.Elapsed}");
    }

    [Fact]
    public async Task Of_a_message_through_a_relay_the_other_domains_go_without_it()
    {
        await StartAsync(shaping => shaping.Domains["slow.example.com"] = new SiteLimitsOverride { Rate = RateLimit.Parse("1/1h") }, Relays);
        await SubmitAsync("first@slow.example.com");
        await SentAsync("slow.example.com", 1);
        var request = MailCluster.Request("a@slow.example.com") with { Recipients = ["a@slow.example.com", "b@free.example.com", "c@other.example.com"] };
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.Recipients.Count(recipient => recipient.State == MailState.Delivered) == 2);
        Assert.Equal("a@slow.example.com", Assert.Single(status.Recipients, recipient => recipient.State != MailState.Delivered).Address);
        Assert.Equal(["b@free.example.com", "c@other.example.com"], _cluster.Wire.Received.Single(transaction => transaction.Recipients.Contains("b@free.example.com")).Recipients);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_ordered_rate_holds_the_domain_until_it_is_revoked(bool throughRelays)
    {
        await StartAsync(null, throughRelays ? Relays : null);
        await LimitAsync(new OrderScope { Domain = "slow.example.com" }, """{"rate":"1/1h"}""");
        for (var i = 0; i < 5; i++) await SubmitAsync($"r{i}@slow.example.com");
        await SubmitAsync("r@free.example.com");
        await SentAsync("free.example.com", 1);
        await SentAsync("slow.example.com", 1);
        Assert.Equal(1, Sent("slow.example.com"));
        await _cluster.Grains.GetGrain<IControlGrain>(0).RevokeAsync("o1");
        await SentAsync("slow.example.com", 5);
    }

    [Fact]
    public async Task What_stands_in_the_queue_already_goes_by_a_limit_that_is_ordered()
    {
        _cluster.Wire.Close();
        await StartAsync(null, silo => silo.Services.PostConfigure<SiteOptions>(sites => sites.MaxSessions = sites.InitialSessions = 1));
        for (var i = 0; i < 30; i++) await SubmitAsync($"r{i}@slow.example.com");
        await LimitAsync(new OrderScope { Domain = "slow.example.com" }, """{"rate":"1/1h"}""");
        _cluster.Wire.Open();
        await SubmitAsync("r@slow.example.com");
        await MailCluster.UntilAsync(async () => (await _cluster.EventsAsync()).Count(item => item.Type == EventType.Delivered) == Sent("slow.example.com"), "attempts are under way");
        // Some were in the session's hands; one has the rate's first turn.
        Assert.InRange(Sent("slow.example.com"), 1, 10);
        await _cluster.Grains.GetGrain<IControlGrain>(0).RevokeAsync("o1");
        await SentAsync("slow.example.com", 31);
    }

    [Theory]
    [InlineData(null, """{"rate":"1/1h"}""")]
    [InlineData(null, """{"dailyQuota":1}""")]
    [InlineData("spring", """{"rate":"1/1h"}""")]
    public async Task A_tenant_or_its_campaign_is_limited_by_order_and_others_are_not(string? campaign, string detail)
    {
        await StartAsync(null);
        await LimitAsync(new OrderScope { Tenant = "Acme", Campaign = campaign }, detail);
        for (var i = 0; i < 5; i++) await SubmitAsync($"r{i}@one.example.com", "Acme", "spring");
        for (var i = 0; i < 5; i++) await SubmitAsync($"r{i}@two.example.com", "free", "spring");
        await SentAsync("two.example.com", 5);
        await SentAsync("one.example.com", 1);
        Assert.Equal(1, Sent("one.example.com"));
        await _cluster.Grains.GetGrain<IControlGrain>(0).RevokeAsync("o1");
        await SentAsync("one.example.com", 5);
    }

    [Fact]
    public async Task Of_two_orders_and_the_configuration_the_newest_order_counts()
    {
        await StartAsync(shaping => shaping.Domains["slow.example.com"] = new SiteLimitsOverride { Rate = RateLimit.Parse("1000/1s") });
        await LimitAsync(new OrderScope { Domain = "slow.example.com" }, """{"rate":"1000/1s"}""", "o0");
        await LimitAsync(new OrderScope { Domain = "SLOW.example.com" }, """{"rate":"1/1h"}""");
        for (var i = 0; i < 5; i++) await SubmitAsync($"r{i}@slow.example.com");
        await SubmitAsync("r@free.example.com");
        await SentAsync("free.example.com", 1);
        await SentAsync("slow.example.com", 1);
        Assert.Equal(1, Sent("slow.example.com"));
    }

    Task<MailCluster> StartAsync(Action<ShapingOptions>? shaping, Action<ISiloBuilder>? also = null) => _cluster.StartWithAsync(silo =>
    {
        silo.Services.PostConfigure<ShapingOptions>(options => shaping?.Invoke(options));
        silo.Services.PostConfigure<DeliveryOptions>(options => options.SessionPrefetch = 1);
        also?.Invoke(silo);
    });

    static void Relays(ISiloBuilder silo) => silo.Services.PostConfigure<RoutingOptions>(routing =>
    {
        for (var i = 1; i <= 2; i++) routing.Relays[$"r{i}"] = new RelayOptions { Host = "127.0.0.1", Port = 2500 + i, Tls = TlsMode.None, Pool = "out" };
        routing.Rules.Add(new RouteRuleOptions { Route = "out" });
    });

    Task LimitAsync(OrderScope scope, string detail, string id = "o1") => _cluster.StandAsync(new StandingOrder { Id = id, Kind = OrderKind.Limit, Scope = scope, Reason = "A complaint.", Detail = detail });

    async Task SubmitAsync(string recipient, string tenant = "t", string? campaign = null) =>
        Assert.NotNull((await _cluster.SubmitAsync(MailCluster.Request(recipient) with { Tenant = tenant, Campaign = campaign })).Receipt);

    int Sent(string domain) => _cluster.Wire.Received.Count(transaction => transaction.Recipients[0].EndsWith($"@{domain}", StringComparison.Ordinal));

    Task SentAsync(string domain, int count) => MailCluster.UntilAsync(() => Sent(domain) >= count, $"{count} of {domain} should have been sent");
}
