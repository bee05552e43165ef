using Orleans.Mail.Transport.Smtp.Certificates;

namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>What TLS must be on a connection to one host, for mail of one domain.</summary>
/// <param name="Mode">What TLS must be.</param>
/// <param name="CertificateNames">Names of which the certificate must carry one.</param>
/// <param name="Tlsa">The usable records under <see cref="TlsMode.Dane"/>.</param>
public sealed record TlsDemand(TlsMode Mode, IReadOnlyList<string> CertificateNames, IReadOnlyList<TlsaRecord> Tlsa)
{
    /// <summary>TLS where offered, and no demand.</summary>
    public static TlsDemand Opportunistic { get; } = new(TlsMode.Opportunistic, [], []);

    /// <summary>What follows for a host; null where it must not be used at all. DANE goes first: MTA-STS must not soften its refusal (RFC 8461 §2).</summary>
    /// <param name="host">The host.</param>
    /// <param name="domain">The domain of the address.</param>
    /// <param name="sts">The domain's policy; null for none.</param>
    /// <param name="dane">The host's TLSA records; null where the list of hosts is not validated, so that they count for nothing (RFC 7672 §2.2.1).</param>
    public static TlsDemand? Of(MxHost host, string domain, MtaStsPolicy? sts, DaneAnswer? dane)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (dane?.Status == DaneStatus.Unknown) return null;
        var usable = dane?.Status == DaneStatus.Records ? dane.Records.Where(TlsaMatch.IsUsable).ToArray() : [];
        if (usable.Length > 0) return new TlsDemand(TlsMode.Dane, [.. new[] { dane!.BaseName, host.Name, domain }.Distinct(StringComparer.OrdinalIgnoreCase)], usable);
        if (sts?.Mode == MtaStsMode.Enforce) return sts.Allows(host.Name) ? new TlsDemand(TlsMode.Verified, [host.Name], []) : null;
        // RFC 7672 §2.2: records of which none can be used still promise TLS.
        return dane?.Status == DaneStatus.Records ? new TlsDemand(TlsMode.Required, [], []) : Opportunistic;
    }

    /// <summary>The same where the operator asks for more; what the domain demands is never softened.</summary>
    /// <param name="wish">What TLS must be at the host's site by configuration.</param>
    /// <param name="host">Name of the host.</param>
    public TlsDemand AtLeast(TlsMode wish, string host) => (Mode, wish) switch
    {
        (TlsMode.Opportunistic, TlsMode.None or TlsMode.Required) => this with { Mode = wish },
        (TlsMode.Opportunistic or TlsMode.Required, TlsMode.Verified) => this with { Mode = wish, CertificateNames = [host] },
        _ => this,
    };
}
