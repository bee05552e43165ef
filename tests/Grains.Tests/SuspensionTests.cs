using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Standing orders: what they hold, what they let go, and that they outlive the silo.</summary>
public sealed class SuspensionTests : IAsyncLifetime
{
    MailCluster _cluster = null!;

    IControlGrain Control => _cluster.Grains.GetGrain<IControlGrain>(0);

    public async ValueTask InitializeAsync() => _cluster = await MailCluster.StartAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    static StandingOrder Order(string id, OrderScope? scope = null, DateTimeOffset? until = null) =>
        new() { Id = id, Kind = OrderKind.Suspend, Scope = scope ?? new OrderScope { Tenant = "t" }, Reason = "A complaint.", Until = until };

    async Task<StandingOrder> StandAsync(StandingOrder order)
    {
        var answer = await Control.AddAsync(order);
        Assert.Null(answer.Problem);
        await HeldAsync();
        return answer.Order!;
    }

    // The silo hears of an order a moment after it stands: a message that the order held says that it has.
    Task HeldAsync() => MailCluster.UntilAsync(async () =>
    {
        var probe = MailCluster.Request("probe@example.net") with { SendAt = DateTimeOffset.UtcNow.AddHours(1) };
        await _cluster.SubmitAsync(probe);
        var reason = (await _cluster.StatusAsync(probe.Id))!.WaitReason!;
        await _cluster.Grains.GetGrain<IMessageGrain>(probe.Id.ToString()).CancelAsync("probe");
        return reason.Contains("Suspended by order", StringComparison.Ordinal);
    }, "The order never reached the silo.");

    [Fact]
    public async Task Mail_of_a_suspended_tenant_waits_and_revoking_releases_all_of_it_once()
    {
        _cluster.Wire.Close();
        var before = Enumerable.Range(0, 60).Select(number => MailCluster.Request($"a{number}@example.com")).ToList();
        foreach (var request in before) await _cluster.SubmitAsync(request);
        await StandAsync(Order("o1"));
        var after = Enumerable.Range(0, 60).Select(number => MailCluster.Request($"b{number}@example.com")).ToList();
        foreach (var request in after) await _cluster.SubmitAsync(request);
        _cluster.Wire.Open();

        // What was under way ends; everything else stands still and says why.
        List<MessageStatus> statuses = [];
        await MailCluster.UntilAsync(async () =>
        {
            statuses = [.. (await Task.WhenAll(before.Concat(after).Select(request => _cluster.StatusAsync(request.Id)))).Select(status => status!)];
            return statuses.All(status => status.IsFinal || status.WaitReason?.StartsWith("Suspended by order o1 (tenant t)", StringComparison.Ordinal) == true);
        }, "Mail went on.");
        Assert.All(statuses.Skip(before.Count), status => Assert.False(status.IsFinal));
        Assert.Contains(statuses.Take(before.Count), status => !status.IsFinal);

        Assert.True(await Control.RevokeAsync("o1"));
        foreach (var request in before.Concat(after)) Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
        Assert.Equal(before.Count + after.Count, _cluster.Wire.Received.Count);
        await MailCluster.UntilAsync(async () => (await Control.ListAsync()).Length == 0, "The revoked order is listed for ever.");
    }

    [Fact]
    public async Task A_suspension_survives_the_silo_and_so_does_its_end()
    {
        await StandAsync(Order("o1"));
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        await _cluster.RestartAsync();
        Assert.Equal("o1", Assert.Single(await Control.ListAsync()).Id);
        await HeldAsync();
        Assert.Contains("Suspended", (await _cluster.StatusAsync(request.Id))!.WaitReason, StringComparison.Ordinal);
        Assert.Empty(_cluster.Wire.Received);
        await Control.RevokeAsync("o1");
        await _cluster.StatusAsync(request.Id, status => status.IsFinal);
    }

    [Fact]
    public async Task Other_tenants_and_campaigns_are_not_held()
    {
        await StandAsync(Order("o1", new OrderScope { Tenant = "t" }));
        await Control.AddAsync(Order("o2", new OrderScope { Tenant = "u", Campaign = "spring" }));
        var other = MailCluster.Request("ann@example.com") with { Tenant = "u" };
        await _cluster.SubmitAsync(other);
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(other.Id, status => status.IsFinal)).State);
    }

    [Fact]
    public async Task A_suspension_ends_by_itself_when_its_time_is_over()
    {
        await StandAsync(Order("o1", until: DateTimeOffset.UtcNow.AddSeconds(3)));
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.True(status.Attempts[0].StartedAt >= status.AcceptedAt);
        Assert.Equal(MailState.Delivered, status.State);
        Assert.Empty(await Control.ListAsync());
    }

    [Fact]
    public async Task The_same_order_twice_stands_once_and_a_bad_one_not_at_all()
    {
        var first = await StandAsync(Order("o1"));
        Assert.Equal(first, (await Control.AddAsync(Order("o1"))).Order);
        Assert.Single(await Control.ListAsync());
        Assert.NotNull((await Control.AddAsync(Order("o 2"))).Problem);
        Assert.NotNull((await Control.AddAsync(Order("o2", until: DateTimeOffset.UtcNow.AddHours(-1)))).Problem);
        Assert.NotNull((await Control.AddAsync(Order("o2") with { Reason = " " })).Problem);
        Assert.NotNull((await Control.AddAsync(Order("o2") with { Kind = OrderKind.Limit })).Problem);
        Assert.False(await Control.RevokeAsync("unknown"));
    }

    [Fact]
    public async Task Under_two_orders_mail_waits_for_the_end_of_both()
    {
        await StandAsync(Order("o1"));
        await Control.AddAsync(Order("o2", new OrderScope()));
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        await Control.RevokeAsync("o1");
        await MailCluster.UntilAsync(async () => (await Control.ListAsync()).Length == 1, "The release never ended.");
        Assert.Contains("o2 (everything)", (await _cluster.StatusAsync(request.Id))!.WaitReason, StringComparison.Ordinal);
        Assert.Empty(_cluster.Wire.Received);
        await Control.RevokeAsync("o2");
        await _cluster.StatusAsync(request.Id, status => status.IsFinal);
    }

    [Fact]
    public async Task Started_with_everything_suspended_nothing_leaves_until_an_operator_says_so()
    {
        await _cluster.DisposeAsync();
        var suspends = false;
        _cluster = await new MailCluster().StartWithAsync(silo => silo.Services
            .PostConfigure<Control.ControlOptions>(options => options.SuspendOnStart = suspends)
            // Reminders that were due during a restart are made up for by the sweep.
            .PostConfigure<Options.SpoolOptions>(options => (options.SweepInterval, options.SweepGrace) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200))));
        // Nobody listens there yet: all of it waits for its next attempt, soon.
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 451, "4.3.0 later");
        var backlog = Enumerable.Range(0, 30).Select(number => MailCluster.Request($"a{number}@example.com")).ToList();
        foreach (var request in backlog) await _cluster.SubmitAsync(request);
        foreach (var request in backlog) await _cluster.StatusAsync(request.Id, status => status.AttemptCount > 0);

        suspends = true;
        await _cluster.RestartAsync((_, _) =>
        {
            _cluster.Wire.Received.Clear();
            return Task.CompletedTask;
        });
        _cluster.Wire.Answer = ScriptedWire.Accept;
        var later = MailCluster.Request("b@example.com");
        await _cluster.SubmitAsync(later);
        await MailCluster.UntilAsync(async () => (await Task.WhenAll(backlog.Append(later).Select(request => _cluster.StatusAsync(request.Id)))).All(status =>
            status!.WaitReason?.Contains("suspended-on-start", StringComparison.Ordinal) == true), "Not all of it is held.");
        Assert.Empty(_cluster.Wire.Received);
        Assert.Equal("configuration", Assert.Single(await Control.ListAsync()).By);

        // The order stands over starts without the setting; it is the operator who ends it.
        suspends = false;
        await _cluster.RestartAsync();
        Assert.Contains("suspended-on-start", (await _cluster.StatusAsync(later.Id))!.WaitReason, StringComparison.Ordinal);
        Assert.True(await Control.RevokeAsync("suspended-on-start"));
        foreach (var request in backlog.Append(later)) Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
    }
}
