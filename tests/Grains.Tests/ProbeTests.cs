using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>What a site that is down costs: one message at a time finds out whether it talks again.</summary>
public sealed class ProbeTests : IAsyncDisposable
{
    static readonly SessionFailure Refused = new(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, "refused");

    readonly MailCluster _cluster = new();
    volatile bool _isDown = true;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Of_what_waits_the_least_urgent_one_is_risked()
    {
        await StartAsync();
        var bulk = await SubmitAsync("bulk", Priority.Bulk, 1);
        await MailCluster.UntilAsync(async () => await AttemptsAsync(bulk) == 1, "it should find the site down");
        MessageId[] urgent = [.. await SubmitAsync("high", Priority.High, 5), .. await SubmitAsync("normal", Priority.Normal, 5)];
        await MailCluster.UntilAsync(async () => await AttemptsAsync(bulk) >= 3, "the site should be probed again and again");
        Assert.Equal(0, await AttemptsAsync(urgent));
        _isDown = false;
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 11, "all should have been released");
    }

    [Fact]
    public async Task A_site_that_fails_again_while_it_is_let_back_keeps_the_rest_waiting_for_the_next_time()
    {
        const int Count = 200;
        await StartAsync();
        var ids = await SubmitAsync("r", Priority.Normal, Count);
        await MailCluster.UntilAsync(async () => (await Task.WhenAll(ids.Select(_cluster.StatusAsync))).All(status => status!.State == MailState.Deferred), "all should wait for the site");
        var before = await AttemptsAsync(ids);
        _cluster.Wire.Before = _ =>
        {
            if (_cluster.Wire.Received.Count >= 4 && !_isDown && _cluster.Wire.Received.Count < 100)
            {
                _isDown = true;
                _cluster.Wire.BreakSessions();
            }

            return Task.CompletedTask;
        };
        _isDown = false;
        await MailCluster.UntilAsync(() => _isDown, "the site should be let back, and fail");
        var probed = _cluster.Wire.Dialled;
        await MailCluster.UntilAsync(() => _cluster.Wire.Dialled > probed + 1, "the site should be probed again");
        // Two windows of sessions at most had begun something; the rest was never touched.
        Assert.InRange(await AttemptsAsync(ids) - before, 4, Count / 2);
        _cluster.Wire.Before = _ => Task.CompletedTask;
        _isDown = false;
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Select(transaction => transaction.Recipients[0]).Distinct().Count() == Count, "all should have been released");
    }

    [Fact]
    public async Task What_waits_for_dead_hosts_leaves_when_its_domain_has_others()
    {
        const int Count = 20;
        await StartAsync();
        var ids = await SubmitAsync("r", Priority.Normal, Count);
        await MailCluster.UntilAsync(async () => (await Task.WhenAll(ids.Select(_cluster.StatusAsync))).All(status => status!.State == MailState.Deferred), "all should wait for the site");
        _cluster.Wire.OnConnect = target => target.Host == "mx.example.com" ? Refused : null;
        _cluster.Wire.OnResolve = _ => ScriptedWire.Hosts("mx.moved.example.net");
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == Count, "all should have gone to the new host");
        Assert.All(await Task.WhenAll(ids.Select(_cluster.StatusAsync)), status => Assert.Equal(("mx.moved.example.net", "mx.moved.example.net"), (status!.Attempts[^1].Site, status.Attempts[^1].Host)));
    }

    Task<MailCluster> StartAsync() => _cluster.StartWithAsync(silo =>
    {
        silo.Services.PostConfigure<SiteOptions>(sites =>
        {
            sites.MaxSessions = sites.InitialSessions = 1;
            sites.ProbeAfter = TimeSpan.FromMilliseconds(300);
        });
        silo.Services.PostConfigure<DeliveryOptions>(delivery => delivery.Backoff = [TimeSpan.FromHours(1)]);
        _cluster.Wire.OnConnect = _ => _isDown ? Refused : null;
    });

    async Task<MessageId[]> SubmitAsync(string name, Priority priority, int count) =>
        [.. (await _cluster.SubmitManyAsync(count, i => MailCluster.Request($"{name}{i}@example.com", priority: priority))).Select(request => request.Id)];

    async Task<int> AttemptsAsync(MessageId[] ids) => (await Task.WhenAll(ids.Select(_cluster.StatusAsync))).Sum(status => status!.AttemptCount);
}
