using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>A site that fails, and comes back.</summary>
public sealed class RecoveryTests : IAsyncDisposable
{
    static readonly SessionFailure Refused = new(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, "refused");

    readonly MailCluster _cluster = new();
    bool _isDown = true;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task When_a_site_talks_again_all_that_waited_for_it_leaves_long_before_its_own_time()
    {
        await StartAsync();
        var requests = await SubmitManyAsync(150);
        await MailCluster.UntilAsync(async () => await DeferredAsync(requests) == requests.Length, "all should wait for the site");
        _isDown = false;
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == requests.Length, "all should have been released");
        foreach (var request in requests) await _cluster.StatusAsync(request.Id, status => status.State == MailState.Delivered);
        Assert.Equal(requests.Length, _cluster.Wire.Received.Select(transaction => transaction.Recipients[0]).Distinct().Count());
    }

    [Fact]
    public async Task What_is_called_too_fast_while_a_site_is_let_back_comes_again_soon()
    {
        await StartAsync();
        var requests = await SubmitManyAsync(60);
        await MailCluster.UntilAsync(async () => await DeferredAsync(requests) == requests.Length, "all should wait for the site");
        _cluster.Wire.Answer = transaction => _cluster.Wire.Received.Count is > 5 and < 10 ? ScriptedWire.Refuse(transaction, 451, "4.7.28 Rate limited") : ScriptedWire.Accept(transaction);
        _isDown = false;
        List<DeliveryEvent> refused = [];
        await MailCluster.UntilAsync(async () => (refused = [.. (await _cluster.EventsAsync()).Where(item => item.Category == Categories.RateLimited)]).Count > 0, "some should be called too fast");
        Assert.All(refused, item => Assert.InRange(item.NextAttemptAt!.Value - item.At, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task What_waits_is_found_after_the_silo_died()
    {
        await StartAsync();
        var requests = await SubmitManyAsync(60);
        await MailCluster.UntilAsync(async () => await DeferredAsync(requests) == requests.Length, "all should wait for the site");
        await _cluster.RestartAsync(LongBackoff);
        _isDown = false;
        // The first message that the site takes tells that the others need not wait.
        await SubmitManyAsync(1, "later");
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 61, "all should have been released");
    }

    [Fact]
    public async Task Urgent_mail_is_released_before_bulk()
    {
        await StartAsync();
        var bulk = await SubmitManyAsync(80, "bulk", Priority.Bulk);
        var high = await SubmitManyAsync(10, "high", Priority.High);
        await MailCluster.UntilAsync(async () => await DeferredAsync([.. bulk, .. high]) == 90, "all should wait for the site");
        _isDown = false;
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 90, "all should have been released");
        var order = _cluster.Wire.Received.Select(transaction => transaction.Recipients[0]).ToList();
        // A probe may be bulk; what was under way beside it too.
        Assert.InRange(order.FindLastIndex(recipient => recipient.StartsWith("high", StringComparison.Ordinal)), 9, 30);
    }

    [Fact]
    public async Task A_site_that_refuses_one_session_more_defers_nothing()
    {
        _isDown = false;
        var talking = 0;
        var most = 0;
        await _cluster.StartWithAsync(silo =>
        {
            silo.Services.PostConfigure<SiteOptions>(sites => sites.MaxSessions = 20);
            silo.Services.PostConfigure<DeliveryOptions>(LongBackoff);
        });
        _cluster.Wire.Close();
        _cluster.Wire.OnConnect = _ =>
        {
            if (Interlocked.Increment(ref talking) <= 3) return null;
            Interlocked.Increment(ref most);
            return new SessionFailure(SmtpPhase.Greeting, SessionFailureKind.ConnectFailed, SmtpReply.Create(421, "4.3.2 Too many connections"), "refused");
        };
        var requests = await SubmitManyAsync(100);
        await MailCluster.UntilAsync(() => Volatile.Read(ref most) > 0, "a fourth session should have been refused");
        _cluster.Wire.Open();
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == requests.Length, "all should have been sent");
        Assert.DoesNotContain(await _cluster.EventsAsync(), item => item.Type == EventType.Deferred);
    }

    [Fact]
    public async Task A_relay_that_cannot_be_talked_to_is_led_around()
    {
        await _cluster.StartWithAsync(silo =>
        {
            silo.Services.PostConfigure<DeliveryOptions>(LongBackoff);
            silo.Services.PostConfigure<RoutingOptions>(routing =>
            {
                routing.Relays["one"] = new RelayOptions { Host = "127.0.0.1", Port = 2501, Tls = TlsMode.None, Pool = "out" };
                routing.Relays["two"] = new RelayOptions { Host = "127.0.0.1", Port = 2502, Tls = TlsMode.None, Pool = "out", Tier = 1 };
                routing.Rules.Add(new RouteRuleOptions { Route = "out" });
            });
        });
        var first = await SubmitManyAsync(5, "before");
        foreach (var request in first) Assert.Equal("127.0.0.1:2501", (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).Attempts[^1].Site);
        _cluster.Wire.OnConnect = target => target.Port == 2501 ? Refused : null;
        _cluster.Wire.BreakSessions();
        var second = await SubmitManyAsync(40, "after");
        var sites = new List<string>();
        foreach (var request in second) sites.Add((await _cluster.StatusAsync(request.Id, status => status.IsFinal)).Attempts[^1].Site);
        Assert.Contains("127.0.0.1:2502", sites);
        Assert.All(second, request => Assert.Contains(_cluster.Wire.Received, transaction => transaction.Recipients[0] == request.Recipients[0]));
    }

    async Task StartAsync()
    {
        await _cluster.StartWithAsync(silo =>
        {
            silo.Services.PostConfigure<DeliveryOptions>(LongBackoff);
            silo.Services.PostConfigure<SiteOptions>(sites => sites.ProbeAfter = TimeSpan.FromSeconds(2));
        });
        _cluster.Wire.OnConnect = _ => _isDown ? Refused : null;
    }

    static void LongBackoff(DeliveryOptions delivery)
    {
        delivery.Mode = DeliveryMode.Live;
        delivery.Backoff = [TimeSpan.FromHours(1)];
        // Sessions without work must not hold back what is released.
        delivery.ConnectionIdle = TimeSpan.FromMinutes(10);
    }

    async Task<int> DeferredAsync(SubmitRequest[] requests)
    {
        var count = 0;
        foreach (var request in requests)
            if ((await _cluster.StatusAsync(request.Id))!.State == MailState.Deferred)
                count++;
        return count;
    }

    Task<SubmitRequest[]> SubmitManyAsync(int count, string name = "r", Priority priority = Priority.Normal) => _cluster.SubmitManyAsync(count, i => MailCluster.Request($"{name}{i}@example.com", priority: priority));
}
