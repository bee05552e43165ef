using System.Net.Security;
using System.Security.Authentication;

namespace Orleans.Mail.Transport.Smtp.Opening;

/// <summary>TLS in words for the timeline.</summary>
static class TlsSummary
{
    /// <summary>Such as <c>TLS 1.3 TLS_AES_256_GCM_SHA384 (certificate verified)</c>; null for plaintext.</summary>
    public static string? Of(SslStream? stream, TlsProof proof) =>
        stream is null ? null : $"{Version(stream.SslProtocol)} {stream.NegotiatedCipherSuite} ({Words(proof)})";

    static string Version(SslProtocols protocol) => protocol switch
    {
        SslProtocols.Tls13 => "TLS 1.3",
        SslProtocols.Tls12 => "TLS 1.2",
        // Only opportunistic TLS takes what is older.
        _ => "TLS before 1.2",
    };

    static string Words(TlsProof proof) => proof switch
    {
        TlsProof.Certificate => "certificate verified",
        TlsProof.Dane => "certificate verified by DANE",
        _ => "certificate not verified",
    };
}
