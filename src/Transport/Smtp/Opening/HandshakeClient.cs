using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using Orleans.Mail.Transport.Smtp.Certificates;

namespace Orleans.Mail.Transport.Smtp.Opening;

/// <summary>MailKit's client, for the opening dialogue: greeting, EHLO or HELO, STARTTLS, AUTH. The certificate is ours to judge.</summary>
sealed class HandshakeClient : SmtpClient
{
    readonly X509ChainPolicy _chainPolicy;
    readonly bool _isCertificateChecked;

    [SuppressMessage("Security", "CA5398", Justification = "Where TLS is demanded, versions that do not protect any more are no TLS (RFC 8996).")]
    public HandshakeClient(HandshakeLog log, string? localDomain, SmtpTarget target, CertificateCheck check, TimeProvider time)
        : base(log)
    {
        if (localDomain is not null) LocalDomain = localDomain;
        CheckCertificateRevocation = false;
        if (target.Tls is TlsMode.Required or TlsMode.Verified or TlsMode.Dane) SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        _isCertificateChecked = target.Tls is TlsMode.Verified or TlsMode.Dane;
        _chainPolicy = CertificateChains.NewPolicy(time.GetUtcNow());
        ServerCertificateValidationCallback = check.Accept;
    }

    /// <summary>The stream above the socket once TLS is up; null for plaintext.</summary>
    public SslStream? TlsStream { get; private set; }

    /// <summary>Asks anew what the remote offers (RFC 5321 §4.1.4).</summary>
    public Task RepeatHelloAsync(string command) => SendCommandAsync(command, CancellationToken.None);

    protected override SslClientAuthenticationOptions GetSslClientAuthenticationOptions(string host, RemoteCertificateValidationCallback remoteCertificateValidationCallback)
    {
        var options = base.GetSslClientAuthenticationOptions(host, remoteCertificateValidationCallback);
        options.CertificateChainPolicy = _chainPolicy;
        // A resumed session shows no chain to judge.
        options.AllowTlsResume = !_isCertificateChecked;
        options.LocalCertificateSelectionCallback = (sender, _, _, _, _) =>
        {
            TlsStream = sender as SslStream;
            return null!;
        };
        return options;
    }
}
