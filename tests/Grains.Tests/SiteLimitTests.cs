using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Limits of a site, of its domains and of tenants, each with the effect that it promises.</summary>
public sealed class SiteLimitTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task New_connections_are_no_more_than_their_rate()
    {
        await StartAsync(new SiteLimitsOverride { ConnectionRate = RateLimit.Parse("2/1h, burst 2"), MessagesPerConnection = 3 });
        await SubmitManyAsync(10, "example.com");
        await SubmitManyAsync(10, "example.net");
        await MailCluster.UntilAsync(() => SentTo("example.com") == 6 && SentTo("example.net") == 10, "two connections of three messages should have been used");
        Assert.Equal(2, Dialled("mx.example.com"));
        Assert.DoesNotContain(await _cluster.EventsAsync(), item => item.Type == EventType.Deferred);
    }

    [Fact]
    public async Task A_connection_that_is_lost_costs_one_of_the_rate_and_no_message()
    {
        await StartAsync(new SiteLimitsOverride { ConnectionRate = RateLimit.Parse("4/1s, burst 1") });
        await SubmitManyAsync(5, "example.com");
        await MailCluster.UntilAsync(() => SentTo("example.com") == 5, "all should have been sent");
        _cluster.Wire.BreakSessions();
        await SubmitManyAsync(5, "example.com");
        await MailCluster.UntilAsync(() => SentTo("example.com") == 10, "all should have been sent");
        Assert.DoesNotContain(await _cluster.EventsAsync(), item => item.Type == EventType.Deferred);
    }

    [Fact]
    public async Task Tls_that_a_site_is_known_to_need_is_demanded_of_its_hosts_and_of_no_others()
    {
        await StartAsync(new SiteLimitsOverride { Tls = RouteTls.Required });
        await SubmitManyAsync(1, "example.com");
        await SubmitManyAsync(1, "example.net");
        await MailCluster.UntilAsync(() => SentTo("example.com") == 1 && SentTo("example.net") == 1, "both should have been sent");
        Assert.Equal(TlsMode.Required, Assert.Single(_cluster.Wire.Targets, target => target.Host == "mx.example.com").Tls);
        Assert.Equal(TlsMode.Opportunistic, Assert.Single(_cluster.Wire.Targets, target => target.Host == "mx.example.net").Tls);
    }

    [Fact]
    public async Task A_connection_serves_no_more_messages_than_its_site_takes()
    {
        await StartAsync(new SiteLimitsOverride { MaxSessions = 1, MessagesPerConnection = 4 });
        await SubmitManyAsync(12, "example.com");
        await MailCluster.UntilAsync(() => SentTo("example.com") == 12, "all should have been sent");
        Assert.InRange(Dialled("mx.example.com"), 3, 12);
    }

    [Fact]
    public async Task Mail_to_a_site_that_is_known_to_be_slow_expires_later_unless_its_sender_says()
    {
        await StartAsync(new SiteLimitsOverride { MaxLifetime = TimeSpan.FromDays(20) });
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.0 Later");
        var slow = await DeferredAsync(MailCluster.Request("ann@example.com"));
        Assert.Equal(slow.AcceptedAt + TimeSpan.FromDays(20), slow.ExpiresAt);
        var other = await DeferredAsync(MailCluster.Request("ann@example.net"));
        Assert.Equal(other.AcceptedAt + TimeSpan.FromDays(5), other.ExpiresAt);
        var asked = DateTimeOffset.UtcNow.AddDays(2);
        Assert.Equal(asked, (await DeferredAsync(MailCluster.Request("bob@example.com") with { ExpiresAt = asked })).ExpiresAt);
    }

    [Fact]
    public async Task A_recipient_whose_domain_is_given_less_time_expires_with_it()
    {
        await _cluster.With<ShapingOptions>(shaping => shaping.Domains["example.com"] = new SiteLimitsOverride { MaxLifetime = TimeSpan.FromSeconds(1) }).StartWithAsync();
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.0 Later");
        var request = MailCluster.Request("ann@example.com") with { Recipients = ["ann@example.com", "bob@example.net"] };
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.Recipients.Any(recipient => recipient.State == MailState.Expired));
        Assert.Equal("ann@example.com", Assert.Single(status.Recipients, recipient => recipient.State == MailState.Expired).Address);
        Assert.False(status.IsFinal);
    }

    [Fact]
    public async Task Greylisted_mail_comes_again_when_its_site_is_known_to_let_it_pass()
    {
        await StartAsync(new SiteLimitsOverride { GreylistRetry = TimeSpan.FromMinutes(17) });
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.7.1 Greylisted");
        var status = await DeferredAsync(MailCluster.Request("ann@example.com"));
        Assert.InRange(status.NextAttemptAt!.Value - status.Attempts[0].StartedAt, TimeSpan.FromMinutes(17), TimeSpan.FromMinutes(20));
    }

    [Fact]
    public async Task Domains_of_one_receiver_share_one_site_and_its_limits()
    {
        _cluster.Wire.OnResolve = domain => ScriptedWire.Hosts(domain == "example.net" ? ["a.test", "c.test"] : domain == "example.com" ? ["a.test", "b.test"] : ["b.test", "a.test"]);
        await _cluster.With<ShapingOptions>(shaping => shaping.Rules.Clear()).With<SiteOptions>(sites => sites.MaxSessions = sites.InitialSessions = 1).StartWithAsync();
        _cluster.Wire.Close();
        var one = await SubmitManyAsync(5, "example.com");
        var two = await SubmitManyAsync(5, "example.org");
        var other = await SubmitManyAsync(1, "example.net");
        await MailCluster.UntilAsync(() => _cluster.Wire.MostAtOnce == 2, "a session to each of two sites");
        _cluster.Wire.Open();
        var sites = new HashSet<string>();
        foreach (var request in one.Concat(two)) sites.Add((await _cluster.StatusAsync(request.Id, status => status.IsFinal)).Attempts[0].Site!);
        var shared = Assert.Single(sites);
        Assert.NotEqual(shared, (await _cluster.StatusAsync(other[0].Id, status => status.IsFinal)).Attempts[0].Site);
        Assert.Equal(2, _cluster.Wire.MostAtOnce);
    }

    Task<MailCluster> StartAsync(SiteLimitsOverride limits) => _cluster
        .With<ShapingOptions>(shaping => shaping.Sites["mx.example.com"] = limits)
        .With<DeliveryOptions>(delivery => delivery.Backoff = [])
        .StartWithAsync();

    Task<SubmitRequest[]> SubmitManyAsync(int count, string domain) => _cluster.SubmitManyAsync(count, i => MailCluster.Request($"r{i}@{domain}"));

    async Task<MessageStatus> DeferredAsync(SubmitRequest request)
    {
        Assert.NotNull((await _cluster.SubmitAsync(request)).Receipt);
        return await _cluster.StatusAsync(request.Id, status => status.State == MailState.Deferred);
    }

    int SentTo(string domain) => _cluster.Wire.Received.Count(transaction => transaction.Recipients[0].EndsWith($"@{domain}", StringComparison.Ordinal));

    int Dialled(string host) => _cluster.Wire.Targets.Count(target => target.Host == host);
}
