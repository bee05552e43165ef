using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Orleans.Mail.Transport.Smtp.Certificates;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Certificates that must be valid for the host (reliability CN7, CN8, S7, traps 6).</summary>
public sealed class CertificateTests : IDisposable
{
    readonly PrivateAuthority _root = PrivateAuthority.Create();
    readonly PrivateAuthority _middle;
    readonly TransportOptions _options;

    public CertificateTests()
    {
        _middle = _root.CreateBelow("Private Middle");
        _options = new TransportOptions { LocalDomain = "sender.test" };
        _options.TrustedRoots.Add(_root.WritePem());
    }

    public void Dispose()
    {
        File.Delete(_options.TrustedRoots[0]);
        _middle.Dispose();
        _root.Dispose();
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("mx.peer.test", "mx.peer.test")]
    [InlineData("MX.peer.test", "mx.peer.test")]
    [InlineData("other.test mx.peer.test", "mx.peer.test")]
    [InlineData("*.peer.test", "mx.peer.test")]
    [InlineData("mx.peer.test", "mx.peer.test.")]
    [InlineData("xn--bcher-kva.test", "bücher.test")]
    public async Task Certificate_for_the_host_is_verified(string names, string host)
    {
        using var certificate = _middle.Issue(names.Split(' '));
        var result = await ConnectAsync(PrivateAuthority.Shown(certificate, _middle.Certificate), target => target with { Host = host });
        await using var session = result.Session;
        Assert.Null(result.Failure);
        Assert.Equal(TlsProof.Certificate, session!.TlsProof);
        Assert.StartsWith("TLS 1.3 TLS_", session.Tls, StringComparison.Ordinal);
        Assert.EndsWith("(certificate verified)", session.Tls, StringComparison.Ordinal);
        // The server's side of .NET shows the name in Unicode again.
        Assert.Equal(host.TrimEnd('.'), _serverName);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("other.test", -30, 30, "certificate-host-mismatch")]
    [InlineData("*.test", -30, 30, "certificate-host-mismatch")]
    [InlineData("*.mx.peer.test", -30, 30, "certificate-host-mismatch")]
    [InlineData("127.0.0.1", -30, 30, "certificate-host-mismatch")]
    [InlineData("", -30, 30, "certificate-host-mismatch")]
    [InlineData("mx.peer.test", -30, -1, "certificate-expired")]
    [InlineData("mx.peer.test", 1, 30, "certificate-expired")]
    public async Task Certificate_that_does_not_hold_ends_the_session_and_says_why(string names, int fromDay, int toDay, string type)
    {
        // The common name says the host each time; it does not count.
        using var certificate = _middle.Issue(names.Split(' ', StringSplitOptions.RemoveEmptyEntries), null, fromDay, toDay, "mx.peer.test");
        AssertFailed(await ConnectAsync(PrivateAuthority.Shown(certificate, _middle.Certificate)), type);
    }

    [Theory]
    [InlineData("mx.peer.test.", "mx.peer.test")]
    [InlineData("bücher.test", "xn--bcher-kva.test")]
    [InlineData("127.0.0.1", null)]
    [InlineData("::1", null)]
    [InlineData("a b.test", null)]
    [InlineData(".", null)]
    public void Name_for_tls_is_an_a_label_without_dot_or_there_is_none(string host, string? expected) =>
        Assert.Equal(expected, HostNames.ToTlsName(host));

    [Fact(Timeout = Given.Limit)]
    public async Task Any_of_the_certificate_names_will_do()
    {
        using var certificate = _root.Issue(["peer.test"]);
        var result = await ConnectAsync(PrivateAuthority.Shown(certificate), target => target with { CertificateNames = ["mx.peer.test", "peer.test"] });
        await using var session = result.Session;
        Assert.Equal(TlsProof.Certificate, session?.TlsProof);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Unknown_authority_is_not_trusted()
    {
        using var stranger = PrivateAuthority.Create("Stranger");
        using var certificate = stranger.Issue(["mx.peer.test"]);
        AssertFailed(await ConnectAsync(PrivateAuthority.Shown(certificate, stranger.Certificate)), "certificate-not-trusted");
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Authority_of_the_same_name_with_another_key_is_not_trusted()
    {
        using var impostor = PrivateAuthority.Create();
        using var certificate = impostor.Issue(["mx.peer.test"]);
        Assert.NotNull((await ConnectAsync(PrivateAuthority.Shown(certificate))).Failure);
        Assert.NotNull((await ConnectAsync(PrivateAuthority.Shown(certificate, impostor.Certificate))).Failure);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Certificate_for_another_purpose_does_not_hold()
    {
        using var certificate = _root.Issue(["mx.peer.test"], request => request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.2")], true)));
        AssertFailed(await ConnectAsync(PrivateAuthority.Shown(certificate)), "validation-failure");
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Nothing_is_fetched_from_where_a_certificate_points()
    {
        using var trap = new TcpListener(IPAddress.Loopback, 0);
        trap.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)trap.LocalEndpoint).Port}/";
        using var certificate = _middle.Issue(["mx.peer.test"], request =>
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([url], [url]));
            request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([url]));
        });
        // The issuer is not sent, so that there is reason to fetch it; then it is, so that there is reason to ask for revocation.
        AssertFailed(await ConnectAsync(PrivateAuthority.Shown(certificate)), "certificate-not-trusted");
        var complete = await ConnectAsync(PrivateAuthority.Shown(certificate, _middle.Certificate));
        await complete.Session!.DisposeAsync();
        var opportunistic = await ConnectAsync(PrivateAuthority.Shown(certificate), target => target with { Tls = TlsMode.Opportunistic });
        await opportunistic.Session!.DisposeAsync();
        Assert.False(trap.Pending());
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Implicit_tls_is_verified_before_a_word_is_said()
    {
        using var certificate = _root.Issue(["mx.peer.test"]);
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.BeginTlsAsync(PrivateAuthority.Shown(certificate), SslProtocols.Tls12);
            await dialogue.OpenAsync();
            await dialogue.WaitForCloseAsync();
        });
        var target = Given.Target(peer.EndPoint, TlsMode.Verified) with { IsTlsImplicit = true };
        var result = await Given.Connector(options: _options).ConnectAsync(target, TestContext.Current.CancellationToken);
        await using var session = result.Session;
        Assert.Equal(TlsProof.Certificate, session?.TlsProof);
        Assert.StartsWith("TLS 1.2 ", session!.Tls, StringComparison.Ordinal);
        AssertFailed(await Given.Connector(options: _options).ConnectAsync(target with { Host = "other.test" }, TestContext.Current.CancellationToken), "certificate-host-mismatch");
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(TlsMode.Opportunistic)]
    [InlineData(TlsMode.Verified)]
    public async Task Implicit_tls_never_becomes_plaintext(TlsMode mode)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.SayAsync("220 plain\r\n");
            await dialogue.WaitForCloseAsync();
        });
        var result = await Given.Connector().ConnectAsync(Given.Target(peer.EndPoint, mode) with { IsTlsImplicit = true }, TestContext.Current.CancellationToken);
        AssertFailed(result, "validation-failure");
        Assert.Equal(1, peer.ConnectionCount);
    }

    string? _serverName;

    async Task<ConnectResult> ConnectAsync(SslStreamCertificateContext shown, Func<SmtpTarget, SmtpTarget>? change = null)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenTlsAsync(shown);
            _serverName = dialogue.ServerName;
            await dialogue.WaitForCloseAsync();
        });
        var target = Given.Target(peer.EndPoint, TlsMode.Verified);
        var result = await Given.Connector(options: _options).ConnectAsync(change?.Invoke(target) ?? target, TestContext.Current.CancellationToken);
        Assert.Equal(1, peer.ConnectionCount);
        return result;
    }

    static void AssertFailed(ConnectResult result, string type)
    {
        Assert.Null(result.Session);
        Assert.Equal((SmtpPhase.StartTls, SessionFailureKind.Tls), (result.Failure!.Phase, result.Failure.Kind));
        Assert.Contains($" {type}: ", result.Failure.Detail, StringComparison.Ordinal);
    }
}
