using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>TLS that mail of one recipient domain needs, and the rest of its site does not.</summary>
public sealed class DomainTlsTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Mail_of_a_domain_gets_the_TLS_that_is_set_for_it_and_never_another_domains_connection()
    {
        await StartAsync();
        Assert.Equal(MailState.Delivered, (await AttemptAsync("ann@open.example.com")).State);
        Assert.Equal(MailState.Delivered, (await AttemptAsync("ann@strict.example.com")).State);
        Assert.Equal([TlsMode.Opportunistic, TlsMode.Verified], _cluster.Wire.Targets.Select(target => target.Tls));
        Assert.Equal(["mx.shared.test"], _cluster.Wire.Targets.Last().CertificateNames);
    }

    [Fact]
    public async Task TLS_that_only_one_domain_cannot_have_keeps_no_other_mail_of_the_site_waiting()
    {
        await StartAsync(sites => sites.MaxSessions = sites.InitialSessions = 1);
        _cluster.Wire.OnConnect = target => target.Tls == TlsMode.Verified ? new SessionFailure(SmtpPhase.StartTls, SessionFailureKind.Tls, null, "TLS could not be had: certificate-expired") : null;
        var strict = Enumerable.Range(0, 20).Select(i => MailCluster.Request($"r{i}@strict.example.com")).ToArray();
        await _cluster.Grains.GetGrain<IMailServiceGrain>(0).SubmitManyAsync(strict);
        foreach (var request in strict)
        {
            var status = await _cluster.StatusAsync(request.Id, status => status.State == MailState.Deferred && status.Attempts.Length > 0);
            Assert.Equal("tls", status.Attempts[0].Outcomes[0].Category);
        }

        Assert.Equal(MailState.Delivered, (await AttemptAsync("ann@open.example.com")).State);
    }

    Task<MailCluster> StartAsync(Action<SiteOptions>? sites = null)
    {
        _cluster.Wire.OnResolve = _ => ScriptedWire.Hosts("mx.shared.test");
        return _cluster.StartWithAsync(silo =>
        {
            silo.Services.PostConfigure<DeliveryOptions>(delivery => delivery.Backoff = [TimeSpan.FromHours(1)]);
            silo.Services.PostConfigure<ShapingOptions>(shaping => shaping.Domains["strict.example.com"] = new() { Tls = RouteTls.Verified });
            if (sites is not null) silo.Services.PostConfigure(sites);
        });
    }

    async Task<MessageStatus> AttemptAsync(string recipient)
    {
        var request = MailCluster.Request(recipient);
        await _cluster.SubmitAsync(request);
        return await _cluster.StatusAsync(request.Id, status => status.Attempts.Length > 0 && (status.State == MailState.Delivered || status.State == MailState.Deferred));
    }
}
