using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>MailKit's client, for the opening dialogue: greeting, EHLO or HELO, STARTTLS. Opportunistic TLS takes any certificate (RFC 7435 §3) and asks nobody about it.</summary>
sealed class HandshakeClient : SmtpClient
{
    [SuppressMessage("Security", "CA5359", Justification = "Opportunistic TLS authenticates nobody; the alternative is plaintext (RFC 7435 §3).")]
    public HandshakeClient(HandshakeLog log, string? localDomain)
        : base(log)
    {
        if (localDomain is not null) LocalDomain = localDomain;
        CheckCertificateRevocation = false;
        ServerCertificateValidationCallback = static (_, _, _, _) => true;
    }

    /// <summary>The stream above the socket after STARTTLS; null for plaintext.</summary>
    public SslStream? TlsStream { get; private set; }

    protected override SslClientAuthenticationOptions GetSslClientAuthenticationOptions(string host, RemoteCertificateValidationCallback remoteCertificateValidationCallback)
    {
        var options = base.GetSslClientAuthenticationOptions(host, remoteCertificateValidationCallback);
        // A chain that names an address to fetch an issuer from would make the remote choose where we connect.
        options.CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };
        options.LocalCertificateSelectionCallback = (sender, _, _, _, _) =>
        {
            TlsStream = sender as SslStream;
            return null!;
        };
        return options;
    }
}
