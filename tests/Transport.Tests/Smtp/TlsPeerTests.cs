using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orleans.Mail.Support;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>TLS with OpenSSL's server, and STARTTLS with Postfix, under certificates of a private authority (reliability CN7).</summary>
public sealed class TlsPeerTests : IDisposable
{
    const string Host = "mx.peer.test";

    readonly PrivateAuthority _authority = PrivateAuthority.Create();
    readonly string _roots;
    readonly string _shown = Path.GetTempFileName();

    public TlsPeerTests() => _roots = _authority.WritePem();

    public void Dispose()
    {
        File.Delete(_roots);
        File.Delete(_shown);
        _authority.Dispose();
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("-tls1_2", "TLS 1.2 ")]
    [InlineData("-tls1_3", "TLS 1.3 ")]
    public async Task Certificate_for_the_host_is_verified(string option, string version)
    {
        using var certificate = _authority.Issue([Host]);
        var (session, failure) = await ConnectAsync(certificate, TlsMode.Verified, option);
        Assert.Null(failure);
        Assert.Equal(TlsProof.Certificate, session!.TlsProof);
        Assert.StartsWith(version, session.Tls, StringComparison.Ordinal);
        await session.DisposeAsync();
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("other.test", 30, "certificate-host-mismatch")]
    [InlineData("*.test", 30, "certificate-host-mismatch")]
    [InlineData("127.0.0.1", 30, "certificate-host-mismatch")]
    [InlineData(Host, -1, "certificate-expired")]
    public async Task Certificate_that_does_not_hold_ends_the_session_and_is_taken_where_nobody_asks(string name, int toDay, string type)
    {
        using var certificate = _authority.Issue([name], toDay: toDay);
        var (_, failure) = await ConnectAsync(certificate, TlsMode.Verified);
        Assert.Equal(SessionFailureKind.Tls, failure!.Kind);
        Assert.Contains(type, failure.Detail, StringComparison.Ordinal);

        var (session, _) = await ConnectAsync(certificate, TlsMode.Required);
        Assert.Equal(TlsProof.None, session!.TlsProof);
        await session.DisposeAsync();
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Certificate_of_an_unknown_authority_is_not_trusted()
    {
        using var stranger = PrivateAuthority.Create("Stranger");
        using var certificate = stranger.Issue([Host]);
        Assert.Contains("certificate-not-trusted", (await ConnectAsync(certificate, TlsMode.Verified)).Failure!.Detail, StringComparison.Ordinal);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Where_it_is_a_must_TLS_before_1_2_is_not_enough()
    {
        using var certificate = _authority.Issue([Host]);
        var (_, failure) = await ConnectAsync(certificate, TlsMode.Required, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0");
        Assert.Equal(SessionFailureKind.Tls, failure!.Kind);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("aNULL:@SECLEVEL=0", TlsMode.Required)]
    [InlineData("aNULL:@SECLEVEL=0", TlsMode.Verified)]
    [InlineData("eNULL:@SECLEVEL=0", TlsMode.Required)]
    [InlineData("eNULL:@SECLEVEL=0", TlsMode.Verified)]
    public async Task Where_it_is_a_must_TLS_without_certificate_or_without_cipher_is_none(string ciphers, TlsMode mode)
    {
        using var certificate = _authority.Issue([Host]);
        var (_, failure) = await ConnectAsync(certificate, mode, "-tls1_2", "-cipher", ciphers);
        Assert.Equal(SessionFailureKind.Tls, failure!.Kind);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Postfix_is_verified_behind_STARTTLS_by_its_name_and_by_no_other()
    {
        using var certificate = _authority.Issue([Host]);
        await using var postfix = await StartPostfixAsync(certificate);
        var target = Given.Target(new IPEndPoint(IPAddress.Loopback, postfix.Port), TlsMode.Verified);
        var (session, _) = await Connector().ConnectAsync(target, TestContext.Current.CancellationToken);
        Assert.Equal(TlsProof.Certificate, session!.TlsProof);
        Assert.Equal(250, (await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).EndOfDataReply?.Code);
        await session.QuitAsync();
        await RefusedAsync(target with { Host = "mx.other.test" }, "certificate-host-mismatch");
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Postfix_with_an_expired_certificate_or_one_of_an_unknown_authority_is_told_apart_and_gets_no_mail()
    {
        using var expired = _authority.Issue([Host], toDay: -1);
        await using (var postfix = await StartPostfixAsync(expired)) await RefusedAsync(Given.Target(new IPEndPoint(IPAddress.Loopback, postfix.Port), TlsMode.Verified), "certificate-expired");
        using var stranger = PrivateAuthority.Create("Stranger");
        using var unknown = stranger.Issue([Host]);
        await using (var postfix = await StartPostfixAsync(unknown)) await RefusedAsync(Given.Target(new IPEndPoint(IPAddress.Loopback, postfix.Port), TlsMode.Verified), "certificate-not-trusted");
    }

    async Task RefusedAsync(SmtpTarget target, string type)
    {
        var (_, failure) = await Connector().ConnectAsync(target, TestContext.Current.CancellationToken);
        Assert.Equal((SmtpPhase.StartTls, SessionFailureKind.Tls), (failure!.Phase, failure.Kind));
        Assert.Contains(type, failure.Detail, StringComparison.Ordinal);
    }

    async Task<PostfixInstance> StartPostfixAsync(X509Certificate2 certificate)
    {
        var program = PostfixInstance.Require();
        using var key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(_shown, key.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem() + "\n", TestContext.Current.CancellationToken);
        return await PostfixInstance.StartAsync(program, new PostfixSettings { KeptDomains = ["peer.test"], Parameters = ["smtpd_tls_security_level = encrypt", $"smtpd_tls_chain_files = {_shown}"] });
    }

    async Task<ConnectResult> ConnectAsync(X509Certificate2 certificate, TlsMode mode, params string[] options)
    {
        await using var server = await OpenSslServer.StartAsync(certificate, options);
        return await Connector().ConnectAsync(Given.Target(server.EndPoint, mode) with { IsTlsImplicit = true }, TestContext.Current.CancellationToken);
    }

    Transport.Smtp.SmtpConnector Connector() => Given.Connector(options: new TransportOptions { LocalDomain = "sender.test", TrustedRoots = { _roots } });
}
