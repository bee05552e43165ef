using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Whose turn it is at a site, and how many sessions it gets.</summary>
public sealed class SiteTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task One_High_behind_500_Bulk_leaves_among_the_next_few()
    {
        await StartAsync(sites => sites.MaxSessions = sites.InitialSessions = 1);
        await _cluster.SubmitManyAsync(500, i => MailCluster.Request($"bulk{i}@example.com", priority: Priority.Bulk));
        await _cluster.SubmitManyAsync(1, _ => MailCluster.Request("high@example.com", priority: Priority.High));
        _cluster.Wire.Open();
        await DeliveredAsync(501);
        // The session takes tickets ahead of the one it sends: in its hand, in its channel, and in the call under way.
        Assert.InRange(IndexOf("high@"), 0, 3 * new DeliveryOptions().SessionPrefetch);
    }

    [Fact]
    public async Task A_small_tenant_does_not_wait_for_a_large_one()
    {
        await StartAsync(sites => sites.MaxSessions = sites.InitialSessions = 1);
        await _cluster.SubmitManyAsync(200, i => MailCluster.Request($"large{i}@example.com") with { Tenant = "large" });
        await _cluster.SubmitManyAsync(10, i => MailCluster.Request($"small{i}@example.com") with { Tenant = "small" });
        _cluster.Wire.Open();
        await DeliveredAsync(210);
        var last = Recipients().FindLastIndex(recipient => recipient.StartsWith("small", StringComparison.Ordinal));
        Assert.InRange(last, 9, 3 * new DeliveryOptions().SessionPrefetch + 25);
    }

    [Fact]
    public async Task Past_its_bound_a_site_sends_mail_away_to_come_again_by_reminder()
    {
        await StartAsync(sites =>
        {
            sites.MaxSessions = sites.InitialSessions = 1;
            sites.MaxQueued = 20;
        });
        // How long they are sent away follows from how fast the site was.
        _cluster.Wire.Open();
        for (var i = 1; i <= 10; i++)
        {
            await _cluster.SubmitManyAsync(20, j => MailCluster.Request($"w{j}@example.com"));
            await DeliveredAsync(20 * i);
        }

        _cluster.Wire.Close();
        var requests = await _cluster.SubmitManyAsync(100, i => MailCluster.Request($"r{i}@example.com"));
        MessageStatus? postponed = null;
        await MailCluster.UntilAsync(async () =>
        {
            foreach (var request in requests)
                if (await _cluster.StatusAsync(request.Id) is { AttemptCount: 0 } status && status.NextAttemptAt > DateTimeOffset.UtcNow.AddSeconds(1))
                    postponed = status;
            return postponed is not null;
        }, "no message was sent away");
        _cluster.Wire.Open();
        await DeliveredAsync(300);
        Assert.DoesNotContain(await _cluster.EventsAsync(), item => item.Type == EventType.Deferred);
    }

    [Fact]
    public async Task A_site_never_has_more_sessions_than_its_maximum()
    {
        await StartAsync(sites =>
        {
            sites.InitialSessions = 2;
            sites.MaxSessions = 3;
        });
        await _cluster.SubmitManyAsync(100, i => MailCluster.Request($"r{i}@example.com"));
        await MailCluster.UntilAsync(() => _cluster.Wire.MostAtOnce == 2, "two sessions should have started");
        _cluster.Wire.Open();
        await _cluster.SubmitManyAsync(200, i => MailCluster.Request($"s{i}@example.com"));
        await DeliveredAsync(300);
        Assert.InRange(_cluster.Wire.MostAtOnce, 2, 3);
    }

    [Fact]
    public async Task A_dead_site_is_left_alone_until_its_probe_and_then_recovers()
    {
        var isDown = true;
        await StartAsync(sites =>
        {
            sites.MaxSessions = sites.InitialSessions = 1;
            sites.ProbeAfter = TimeSpan.FromSeconds(4);
        });
        _cluster.Wire.Open();
        _cluster.Wire.OnConnect = _ => isDown ? new Transport.SessionFailure(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, "refused") : null;
        var first = (await _cluster.SubmitManyAsync(1, _ => MailCluster.Request("first@example.com")))[0];
        var deferred = await _cluster.StatusAsync(first.Id, status => status.State == MailState.Deferred);
        await MailCluster.UntilAsync(() => _cluster.Log.Lines.Any(line => line.Contains("left alone until", StringComparison.Ordinal)), "the site did not count as dead");
        var dialled = _cluster.Wire.Dialled;
        isDown = false;
        var second = (await _cluster.SubmitManyAsync(1, _ => MailCluster.Request("second@example.com")))[0];
        var status = await _cluster.StatusAsync(second.Id, status => status.IsFinal);
        Assert.Equal(MailState.Delivered, status.State);
        Assert.Equal(1, status.AttemptCount);
        Assert.True(status.Attempts[0].StartedAt - deferred.Attempts[0].StartedAt >= TimeSpan.FromSeconds(3.9), "the site was talked to before its probe was due");
        Assert.Equal(dialled + 1, _cluster.Wire.Dialled);
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(first.Id, status => status.IsFinal)).State);
    }

    Task<MailCluster> StartAsync(Action<SiteOptions> configure)
    {
        _cluster.Wire.Close();
        return _cluster.With(configure).StartWithAsync();
    }

    Task DeliveredAsync(int count) => MailCluster.UntilAsync(() => _cluster.Wire.Received.Count >= count, $"{count} should have been sent");

    List<string> Recipients() => [.. _cluster.Wire.Received.Select(transaction => transaction.Recipients[0])];

    int IndexOf(string prefix) => Recipients().FindIndex(recipient => recipient.StartsWith(prefix, StringComparison.Ordinal));
}
