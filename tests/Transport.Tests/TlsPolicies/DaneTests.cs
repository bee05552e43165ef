using Microsoft.Extensions.Options;
using Orleans.Mail.Support;
using Orleans.Mail.Transport.Resolving;
using Orleans.Mail.Transport.Tests.Support;
using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Transport.Tests.TlsPolicies;

/// <summary>TLSA records of a zone that NSD serves and Unbound validates (reliability CN9).</summary>
public sealed class DaneTests(DaneZone zone) : IClassFixture<DaneZone>, IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await zone.StartAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory(Timeout = Given.Limit)]
    [InlineData("good.mail.test", DaneStatus.Records, TlsMode.Dane)]
    [InlineData("unusable.mail.test", DaneStatus.Records, TlsMode.Required)]
    [InlineData("short.mail.test", DaneStatus.Records, TlsMode.Required)]
    [InlineData("none.mail.test", DaneStatus.None, TlsMode.Opportunistic)]
    [InlineData("implicit.mail.test", DaneStatus.Records, TlsMode.Dane)]
    [InlineData("alias.mail.test", DaneStatus.Records, TlsMode.Dane)]
    [InlineData("bogus.mail.test", DaneStatus.Unknown, null)]
    public async Task Validated_records_decide(string domain, DaneStatus status, TlsMode? tls)
    {
        var answer = await ResolveAsync(domain);
        Assert.True(answer.IsSecure, answer.Detail);
        var host = Assert.Single(answer.Hosts);
        Assert.True(host.IsSecure);
        var dane = await FindAsync(host);
        Assert.Equal((status, tls), (dane.Status, TlsDemand.Of(host, domain, null, dane)?.Mode));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Alias_is_looked_for_under_its_full_name_and_the_certificate_may_carry_both()
    {
        var host = Assert.Single((await ResolveAsync("alias.mail.test")).Hosts);
        Assert.Equal(("www.mail.test", "mx.mail.test"), (host.Name, host.CanonicalName));
        var dane = await FindAsync(host);
        Assert.Equal("mx.mail.test", dane.BaseName);
        Assert.Equal(["mx.mail.test", "www.mail.test", "alias.mail.test"], TlsDemand.Of(host, "alias.mail.test", null, dane)!.CertificateNames);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Records_that_nobody_signed_count_for_nothing()
    {
        var answer = await ResolveAsync("plain.test");
        Assert.False(answer.IsSecure);
        var host = Assert.Single(answer.Hosts);
        Assert.Equal(DaneStatus.None, (await FindAsync(host)).Status);
        Assert.Equal(DaneStatus.None, (await FindAsync(host with { IsSecure = true })).Status);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Signed_list_of_hosts_in_an_unsigned_zone_demands_nothing_of_them()
    {
        var answer = await ResolveAsync("outside.mail.test");
        Assert.True(answer.IsSecure);
        Assert.Equal(DaneStatus.None, (await FindAsync(Assert.Single(answer.Hosts))).Status);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Forged_list_of_hosts_is_a_temporary_failure() => Assert.Equal(MxStatus.TemporaryFailure, (await ResolveAsync("forged.mail.test")).Status);

    [Fact(Timeout = Given.Limit)]
    public async Task Unless_it_is_asked_for_nothing_is_validated()
    {
        var answer = await ResolveAsync("good.mail.test", useDane: false);
        Assert.Equal((MxStatus.Hosts, false), (answer.Status, answer.IsSecure));
        Assert.Equal(DaneStatus.None, (await new Dane(Names(false), With(false), TimeProvider.System).FindAsync(answer.Hosts[0], TestContext.Current.CancellationToken)).Status);
    }

    ValueTask<MxAnswer> ResolveAsync(string domain, bool useDane = true) =>
        new MxResolver(Names(useDane), With(useDane), TimeProvider.System).ResolveAsync(domain, TestContext.Current.CancellationToken);

    ValueTask<DaneAnswer> FindAsync(MxHost host) => new Dane(Names(true), With(true), TimeProvider.System).FindAsync(host, TestContext.Current.CancellationToken);

    NameService Names(bool useDane) => new(With(useDane), TimeProvider.System);

    IOptions<ResolverOptions> With(bool useDane) => Options.Create(new ResolverOptions { NameServers = { zone.Resolver }, UseDane = useDane });
}

public sealed class DaneZone : IAsyncDisposable
{
    const string Digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    const string Signed = $"""
        good MX 10 mx
        mx A 192.0.2.25
        _25._tcp.mx TLSA 3 1 1 {Digest}
        unusable MX 10 old
        old A 192.0.2.26
        _25._tcp.old TLSA 1 0 1 {Digest}
        short MX 10 three
        three A 192.0.2.27
        _25._tcp.three TLSA 3 1 1 0123
        none MX 10 bare
        bare A 192.0.2.28
        implicit A 192.0.2.29
        _25._tcp.implicit TLSA 2 0 2 {Digest}{Digest}
        alias MX 10 www
        www CNAME mx
        bogus MX 10 liar
        liar A 192.0.2.30
        _25._tcp.liar TLSA 3 1 1 aa{Digest}
        outside MX 10 mx.plain.test.
        forged MX 77 mx

        """;

    const string Unsigned = $"""
        @ MX 10 mx
        mx A 192.0.2.40
        _25._tcp.mx TLSA 3 1 1 {Digest}

        """;

    SignedZone? _zone;

    public string Resolver => _zone!.Resolver.ToString();

    // The signatures stay as they were made.
    public async Task StartAsync() => _zone ??= await SignedZone.StartAsync(Signed, Unsigned, text => text
        .Replace($"aa{Digest}", $"bb{Digest}", StringComparison.OrdinalIgnoreCase)
        .Replace("77 mx.mail.test.", "76 mx.mail.test.", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        if (_zone is not null) await _zone.DisposeAsync();
    }
}
