using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Transport.Smtp.Certificates;

/// <summary>Judges the certificate of one remote as its target demands, and remembers the verdict.</summary>
sealed class CertificateCheck(SmtpTarget target, X509Certificate2Collection extraRoots, TimeProvider time)
{
    public CertificateVerdict Verdict { get; private set; } = CertificateVerdict.NotChecked;

    /// <summary>The callback of the handshake: it ends unless this says true.</summary>
    public bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Verdict = target.Tls switch
        {
            // RFC 7435 §3: the alternative is plaintext.
            not (TlsMode.Verified or TlsMode.Dane) => CertificateVerdict.NotChecked,
            _ when certificate is not X509Certificate2 => CertificateVerdict.Absent,
            TlsMode.Verified => CheckName((X509Certificate2)certificate, CertificateChains.CheckAgainstRoots((X509Certificate2)certificate, Sent(chain), extraRoots, time.GetUtcNow())),
            _ => CheckDane((X509Certificate2)certificate, Sent(chain)),
        };
        return Verdict.Fault is null;
    }

    CertificateVerdict CheckDane(X509Certificate2 certificate, X509Certificate2Collection sent)
    {
        var usable = target.Tlsa.Where(TlsaMatch.IsUsable).ToList();
        if (usable.Count == 0) return CertificateVerdict.NoUsableTlsa;
        if (TlsaMatch.IsEndEntity(certificate, usable)) return new CertificateVerdict(TlsProof.Dane, null);
        var anchors = new X509Certificate2Collection(sent.Where(issuer => TlsaMatch.IsTrustAnchor(issuer, usable)).ToArray());
        return anchors.Count == 0 ? CertificateVerdict.NoTlsaMatch : CheckName(certificate, CertificateChains.CheckAgainstAnchors(certificate, sent, anchors, time.GetUtcNow()));
    }

    CertificateVerdict CheckName(X509Certificate2 certificate, CertificateVerdict chain) =>
        chain.Fault is not null || certificate.HasOneOf(target.CertificateNames is { Count: > 0 } names ? names : [target.Host]) ? chain : CertificateVerdict.HostMismatch;

    static X509Certificate2Collection Sent(X509Chain? chain) => chain?.ChainPolicy.ExtraStore ?? [];
}
