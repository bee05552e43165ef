using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>"So often in this time" → an order that is listed, says why, and can be revoked.</summary>
public sealed class ReactionTests : IAsyncDisposable
{
    const string Words = "go away";

    readonly MailCluster _cluster = new();

    IControlGrain Control => _cluster.Grains.GetGrain<IControlGrain>(0);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Answers_that_came_often_enough_suspend_the_site_until_somebody_revokes_it()
    {
        await StartAsync(rule => rule.Suspend = true);
        var order = await ReactAsync();
        Assert.Equal((OrderKind.Suspend, "mx.example.com", "rule:test"), (order.Kind, order.Scope.Site, order.By));
        Assert.EndsWith("seen 3 times", order.Reason, StringComparison.Ordinal);
        Assert.Contains(Words, order.Evidence, StringComparison.Ordinal);
        Assert.InRange(order.Until!.Value - order.GivenAt, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        var held = await SubmitAsync("held@example.com");
        var other = await SubmitAsync("other@example.net");
        await _cluster.StatusAsync(other, status => status.State == MailState.Delivered);
        var status = await _cluster.StatusAsync(held);
        Assert.Equal((false, 0), (status!.IsFinal, status.AttemptCount));
        Assert.True(await Control.RevokeAsync(order.Id));
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(held, status => status.IsFinal)).State);
        await MailCluster.UntilAsync(async () => (await Control.ListAsync()).Length == 0, "the revoked order is listed for ever");
    }

    [Fact]
    public async Task A_slower_pace_holds_until_it_is_revoked()
    {
        await StartAsync(rule => rule.Rate = RateLimit.Parse("1/1h"));
        var order = await ReactAsync();
        Assert.Equal((OrderKind.Limit, """{"rate":"1/1h"}"""), (order.Kind, order.Detail));
        var before = _cluster.Wire.Received.Count;
        for (var i = 0; i < 5; i++) await SubmitAsync($"held{i}@example.com");
        await _cluster.StatusAsync(await SubmitAsync("other@example.net"), status => status.State == MailState.Delivered);
        // What was taken before the reaction counts for its pace or not: one at most, beside the other site's.
        Assert.InRange(_cluster.Wire.Received.Count - before, 1, 2);
        await Control.RevokeAsync(order.Id);
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count - before == 6, "all should have left");
    }

    [Fact]
    public async Task Fewer_connections_are_used_as_long_as_the_reaction_holds()
    {
        await StartAsync(rule => rule.MaxSessions = 1);
        var order = await ReactAsync();
        Assert.Equal((OrderKind.Limit, """{"maxSessions":1}"""), (order.Kind, order.Detail));
        var before = _cluster.Wire.Received.Count;
        await SubmitManyAsync(40);
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count - before == 40, "all should have left");
        Assert.Equal(1, _cluster.Wire.MostAtOnce);
        _cluster.Wire.Close();
        await Control.RevokeAsync(order.Id);
        await SubmitManyAsync(40);
        try
        {
            await MailCluster.UntilAsync(() => _cluster.Wire.MostAtOnce > 1, "more sessions should be used again");
        }
        finally
        {
            _cluster.Wire.Open();
        }
    }

    [Fact]
    public async Task Mail_takes_another_relay_of_the_pool_as_long_as_the_reaction_holds()
    {
        await StartAsync(rule => rule.OtherRelay = true, routing =>
        {
            routing.Relays["one"] = new RelayOptions { Host = "127.0.0.1", Port = 2501, Tls = TlsMode.None, Pool = "out" };
            routing.Relays["two"] = new RelayOptions { Host = "127.0.0.1", Port = 2502, Tls = TlsMode.None, Pool = "out", Tier = 1 };
            routing.Rules.Add(new RouteRuleOptions { Route = "out" });
        });
        var order = await ReactAsync();
        Assert.Equal((OrderKind.Reroute, "127.0.0.1:2501", StandingOrder.OtherRelay), (order.Kind, order.Scope.Site, order.Detail));
        Assert.Equal("127.0.0.1:2502", await SiteOfAsync("ann@example.com"));
        await Control.RevokeAsync(order.Id);
        await MailCluster.UntilAsync(async () => await SiteOfAsync("ann@example.com") == "127.0.0.1:2501", "the first relay should be used again");
    }

    [Fact]
    public async Task A_reaction_outlives_the_silo()
    {
        await StartAsync(rule => rule.Suspend = true);
        var order = await ReactAsync();
        await _cluster.RestartAsync();
        Assert.Equal(order.Id, Assert.Single(await Control.ListAsync()).Id);
        await MailCluster.UntilAsync(() => !_cluster.Service<Control.StandingOrders>().Book.Orders.IsEmpty, "the silo never heard of the order");
        var held = await SubmitAsync("held@example.com");
        await _cluster.StatusAsync(await SubmitAsync("other@example.net"), status => status.State == MailState.Delivered);
        Assert.Equal(0, (await _cluster.StatusAsync(held))!.AttemptCount);
        await Control.RevokeAsync(order.Id);
        await _cluster.StatusAsync(held, status => status.State == MailState.Delivered);
    }

    Task<MailCluster> StartAsync(Action<ReactionRuleOptions> effect, Action<RoutingOptions>? routes = null) => _cluster.StartWithAsync(silo =>
    {
        var rule = new ReactionRuleOptions { Id = "test", Words = [Words], Times = 3, For = TimeSpan.FromHours(1) };
        effect(rule);
        silo.Services.PostConfigure<ShapingOptions>(shaping => shaping.Rules.Add(rule));
        silo.Services.PostConfigure<DeliveryOptions>(delivery => delivery.Backoff = [TimeSpan.FromHours(1)]);
        silo.Services.PostConfigure<RoutingOptions>(routing => routes?.Invoke(routing));
    });

    /// <summary>Three refusals, one after another, and the order that they bring.</summary>
    async Task<StandingOrder> ReactAsync()
    {
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, $"4.2.0 Please {Words}");
        for (var i = 0; i < 3; i++) await _cluster.StatusAsync(await SubmitAsync($"refused{i}@example.com"), status => status.State == MailState.Deferred && status.AttemptCount == 1);
        _cluster.Wire.Answer = ScriptedWire.Accept;
        await MailCluster.UntilAsync(() => _cluster.Service<Control.StandingOrders>().Book.Orders.Length == 1, "no order came of it");
        return Assert.Single(await Control.ListAsync());
    }

    async Task<MessageId> SubmitAsync(string recipient)
    {
        var request = MailCluster.Request(recipient);
        Assert.NotNull((await _cluster.SubmitAsync(request)).Receipt);
        return request.Id;
    }

    async Task SubmitManyAsync(int count) =>
        await _cluster.Grains.GetGrain<IMailServiceGrain>(0).SubmitManyAsync([.. Enumerable.Range(0, count).Select(i => MailCluster.Request($"r{i}@example.com"))]);

    async Task<string?> SiteOfAsync(string recipient) => (await _cluster.StatusAsync(await SubmitAsync(recipient), status => status.IsFinal)).Attempts[^1].Site;
}
