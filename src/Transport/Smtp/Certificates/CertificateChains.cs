using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Transport.Smtp.Certificates;

/// <summary>Builds chains out of what the remote sent and what is trusted here. Nothing is fetched: a certificate that names an address would make the remote choose where we connect.</summary>
static class CertificateChains
{
    static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    const X509ChainStatusFlags NoRoot = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;

    public static X509ChainPolicy NewPolicy(DateTimeOffset now)
    {
        var policy = new X509ChainPolicy
        {
            DisableCertificateDownloads = true,
            RevocationMode = X509RevocationMode.NoCheck,
            VerificationTime = now.LocalDateTime,
            VerificationTimeIgnored = false,
        };
        policy.ApplicationPolicy.Add(ServerAuthentication);
        return policy;
    }

    /// <summary>Whether a chain leads to a root of the machine, or to one of the operator's.</summary>
    public static CertificateVerdict CheckAgainstRoots(X509Certificate2 leaf, X509Certificate2Collection sent, X509Certificate2Collection extraRoots, DateTimeOffset now)
    {
        var policy = NewPolicy(now);
        policy.ExtraStore.AddRange(sent);
        var status = StatusOf(leaf, policy);
        if ((status & NoRoot) != 0 && extraRoots.Count > 0)
        {
            policy = NewPolicy(now);
            policy.ExtraStore.AddRange(sent);
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(extraRoots);
            status = StatusOf(leaf, policy);
        }

        return VerdictOf(status, TlsProof.Certificate);
    }

    /// <summary>Whether a chain leads to one of these certificates, be it a root or not (RFC 7671 §5.2).</summary>
    public static CertificateVerdict CheckAgainstAnchors(X509Certificate2 leaf, X509Certificate2Collection sent, X509Certificate2Collection anchors, DateTimeOffset now)
    {
        var policy = NewPolicy(now);
        policy.ExtraStore.AddRange(sent);
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(anchors);
        using var chain = new X509Chain { ChainPolicy = policy };
        chain.Build(leaf);
        var status = X509ChainStatusFlags.NoError;
        // What stands above the anchor is of no matter, nor that the anchor is no root. The leaf itself is no anchor.
        for (var i = 0; i < chain.ChainElements.Count; i++)
        {
            var element = chain.ChainElements[i];
            status |= Sum(element.ChainElementStatus) & ~NoRoot;
            // At the end of a chain without a root nobody else looks at the dates.
            if (!IsInDate(element.Certificate, now)) status |= X509ChainStatusFlags.NotTimeValid;
            if (i > 0 && anchors.Any(anchor => anchor.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span))) return VerdictOf(status, TlsProof.Dane);
        }

        return CertificateVerdict.NoTlsaMatch;
    }

    static bool IsInDate(X509Certificate2 certificate, DateTimeOffset now) => certificate.NotBefore <= now.LocalDateTime && now.LocalDateTime <= certificate.NotAfter;

    static CertificateVerdict VerdictOf(X509ChainStatusFlags status, TlsProof proof)
    {
        if ((status & NoRoot) != 0) return CertificateVerdict.NotTrusted;
        if ((status & X509ChainStatusFlags.NotTimeValid) != 0) return CertificateVerdict.Expired;
        return status == X509ChainStatusFlags.NoError ? new CertificateVerdict(proof, null) : CertificateVerdict.Invalid(status.ToString());
    }

    static X509ChainStatusFlags StatusOf(X509Certificate2 leaf, X509ChainPolicy policy)
    {
        using var chain = new X509Chain { ChainPolicy = policy };
        var isBuilt = chain.Build(leaf);
        var status = Sum(chain.ChainStatus);
        // A chain that does not stand must not pass for want of a reason.
        return isBuilt || status != X509ChainStatusFlags.NoError ? status : X509ChainStatusFlags.PartialChain;
    }

    static X509ChainStatusFlags Sum(X509ChainStatus[] statuses) =>
        statuses.Aggregate(X509ChainStatusFlags.NoError, static (sum, status) => sum | status.Status);
}
