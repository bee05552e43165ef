using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Standing orders about where mail goes.</summary>
public sealed class PlaceOrderTests : IAsyncLifetime
{
    readonly MailCluster _cluster = new();

    IControlGrain Control => _cluster.Grains.GetGrain<IControlGrain>(0);

    public async ValueTask InitializeAsync() => await _cluster.StartWithAsync(silo =>
    {
        silo.Services.PostConfigure<DeliveryOptions>(delivery => delivery.Backoff = [TimeSpan.FromHours(1)]);
        // Of one session's messages only a few dozen are under way at a time.
        silo.Services.PostConfigure<SiteOptions>(sites => sites.MaxSessions = sites.InitialSessions = 1);
        silo.Services.PostConfigure<RoutingOptions>(routing => routing.Relays["out"] = new RelayOptions { Host = "127.0.0.1", Port = 2501, Tls = TlsMode.None });
    });

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Mail_to_a_suspended_domain_waits_undialled_and_leaves_when_the_order_is_revoked()
    {
        _cluster.Wire.OnResolve = _ => ScriptedWire.Hosts("mx.test");
        await _cluster.StandAsync(Order(new OrderScope { Domain = "held.example.com" }));
        var held = await SubmitAsync("ann@held.example.com");
        var other = await SubmitAsync("ann@free.example.com");
        await _cluster.StatusAsync(other, status => status.State == MailState.Delivered);
        var waiting = (await _cluster.StatusAsync(held))!;
        Assert.False(waiting.IsFinal);
        Assert.StartsWith("Suspended by order o1 (domain held.example.com)", waiting.WaitReason, StringComparison.Ordinal);
        Assert.Equal(1, _cluster.Wire.Dialled);
        await Control.RevokeAsync("o1");
        // Its own time would be minutes away.
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(held, status => status.IsFinal)).State);
    }

    [Fact]
    public async Task Of_a_message_to_two_domains_only_the_suspended_one_waits()
    {
        await _cluster.StandAsync(Order(new OrderScope { Domain = "held.example.com" }));
        var request = MailCluster.Request("ann@held.example.com") with { Recipients = ["ann@held.example.com", "bob@free.example.com"] };
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.Recipients.Any(recipient => recipient.State == MailState.Delivered));
        Assert.Equal("bob@free.example.com", Assert.Single(status.Recipients, recipient => recipient.State == MailState.Delivered).Address);
        await Control.RevokeAsync("o1");
        await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(2, _cluster.Wire.Received.Count);
    }

    [Fact]
    public async Task What_stands_in_the_queue_of_a_site_that_is_suspended_leaves_after_it_is_resumed()
    {
        _cluster.Wire.Close();
        var requests = await _cluster.SubmitManyAsync(60, i => MailCluster.Request($"r{i}@example.com"));
        await _cluster.StandAsync(Order(new OrderScope { Site = "mx.example.com" }));
        _cluster.Wire.Open();
        await MailCluster.UntilAsync(async () =>
        {
            foreach (var request in requests)
                if (await _cluster.StatusAsync(request.Id) is { IsFinal: false } status && (status.State == MailState.Delivering || !status.WaitReason!.Contains("uspended", StringComparison.Ordinal)))
                    return false;
            return true;
        }, "mail went on");
        Assert.InRange(_cluster.Wire.Received.Count, 0, requests.Length - 1);
        await Control.RevokeAsync("o1");
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == requests.Length, "all should have left");
        Assert.Equal(requests.Length, _cluster.Wire.Received.Select(transaction => transaction.Recipients[0]).Distinct().Count());
    }

    [Fact]
    public async Task A_limit_holds_a_site_and_its_end_lets_the_rest_go_at_once()
    {
        await _cluster.StandAsync(Order(new OrderScope { Site = "mx.example.com" }) with { Kind = OrderKind.Limit, Detail = """{"rate":"2/1h, burst 2"}""" });
        for (var i = 0; i < 5; i++) await SubmitAsync($"r{i}@example.com");
        await SubmitAsync("ann@free.example.com");
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 3, "two and the other should have left");
        Assert.Equal(3, _cluster.Wire.Received.Count);
        await Control.RevokeAsync("o1");
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 6, "all should have left");
    }

    [Fact]
    public async Task Mail_to_a_site_that_is_rerouted_takes_the_other_route()
    {
        _cluster.Wire.OnResolve = domain => ScriptedWire.Hosts(domain == "free.example.com" ? "mx.free.test" : "mx.led.test");
        await _cluster.StandAsync(Order(new OrderScope { Site = "mx.led.test" }) with { Kind = OrderKind.Reroute, Detail = "out" });
        Assert.Equal("127.0.0.1:2501", await SiteOfAsync("ann@one.example.com"));
        Assert.Equal("127.0.0.1:2501", await SiteOfAsync("ann@two.example.com"));
        Assert.Equal("mx.free.test", await SiteOfAsync("ann@free.example.com"));
        await Control.RevokeAsync("o1");
        await MailCluster.UntilAsync(async () => await SiteOfAsync("ann@one.example.com") == "mx.led.test", "the route should be the old one again");
    }

    [Fact]
    public async Task Mail_that_waits_takes_the_route_that_holds_at_its_next_attempt()
    {
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.0 Later");
        var id = await SubmitAsync("ann@led.example.com");
        await _cluster.StatusAsync(id, status => status.State == MailState.Deferred);
        _cluster.Wire.Answer = ScriptedWire.Accept;
        await _cluster.StandAsync(Order(new OrderScope { Domain = "led.example.com" }) with { Kind = OrderKind.Reroute, Detail = "out" });
        Assert.Equal(ChangeResult.Changed, (await _cluster.Grains.GetGrain<IMessageGrain>(id.ToString()).ChangeAsync(new MessageChange { Action = MessageAction.RetryNow })).Result);
        var status = await _cluster.StatusAsync(id, status => status.IsFinal);
        Assert.Equal(["mx.led.example.com", "127.0.0.1:2501"], status.Attempts.Select(attempt => attempt.Site));
    }

    [Theory]
    [InlineData(OrderKind.Limit, "slow down", "JSON such as")]
    [InlineData(OrderKind.Limit, "{}", "sets no limit")]
    [InlineData(OrderKind.Limit, """{"rate":"fast"}""", "A rate is written as")]
    [InlineData(OrderKind.Limit, """{"maxSessions":0}""", "MaxSessions is 0")]
    [InlineData(OrderKind.Limit, """{"sessions":2}""", "sessions is not one of")]
    [InlineData(OrderKind.Reroute, "nowhere", "names no route")]
    public async Task An_order_that_could_have_no_effect_is_refused_and_told_why(OrderKind kind, string detail, string problem)
    {
        var answer = await Control.AddAsync(Order(new OrderScope { Site = "mx.example.com" }) with { Kind = kind, Detail = detail });
        Assert.Contains(problem, answer.Problem, StringComparison.Ordinal);
        Assert.Empty(await Control.ListAsync());
    }

    static StandingOrder Order(OrderScope scope) => new() { Id = "o1", Kind = OrderKind.Suspend, Scope = scope, Reason = "A complaint." };

    async Task<MessageId> SubmitAsync(string recipient)
    {
        var request = MailCluster.Request(recipient);
        Assert.NotNull((await _cluster.SubmitAsync(request)).Receipt);
        return request.Id;
    }

    async Task<string?> SiteOfAsync(string recipient) => (await _cluster.StatusAsync(await SubmitAsync(recipient), status => status.IsFinal)).Attempts[^1].Site;
}
