using System.Collections.Immutable;
using System.Net;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Why a mail host is left out.</summary>
enum HostExclusion : byte
{
    /// <summary>All its addresses are ones that must not be contacted.</summary>
    ForbiddenAddress,

    /// <summary>The domain's MTA-STS policy does not name it, and is enforced.</summary>
    MtaSts,

    /// <summary>Whether it has TLSA records cannot be told (RFC 7672 §2.1).</summary>
    Dane,
}

/// <summary>A host that may be used, with the addresses that may be, and what TLS must be.</summary>
sealed record PlannedHost(MxHost Host, TlsDemand Tls);

/// <summary>A host that is left out, and why.</summary>
sealed record ExcludedHost(string Name, HostExclusion Reason);

/// <summary>Where mail of one recipient domain goes, and under which conditions.</summary>
/// <param name="Answer">What the name service said, without the hosts that would send the mail back to us.</param>
/// <param name="Site">The site that these hosts are.</param>
/// <param name="Hosts">Hosts that may be used, the most preferred first.</param>
/// <param name="Excluded">Hosts that may not.</param>
/// <param name="MtaSts">Mode of the domain's policy; null where it has none.</param>
sealed record MxPlan(MxAnswer Answer, SiteKey Site, ImmutableArray<PlannedHost> Hosts, ImmutableArray<ExcludedHost> Excluded, MtaStsMode? MtaSts)
{
    /// <summary>Why there is no host to try; null where there is one.</summary>
    public Outcome? Refusal => Answer.Status != MxStatus.Hosts ? OutcomeClassifier.Classify(Answer.Status) : Hosts.IsEmpty ? RefusalOf(Excluded) : null;

    /// <summary>The addresses of one attempt in the order in which they are tried.</summary>
    /// <param name="chance">Values of 0 to 1.</param>
    /// <param name="tls">What TLS must be for mail of this domain at this site at least.</param>
    /// <param name="source">The address to dial from, which reaches hosts of its own family only; null for the machine's choice.</param>
    /// <param name="isAvoided">Whether an address is better not tried; null for none.</param>
    public IReadOnlyList<SmtpTarget> Targets(Func<double> chance, TlsMode tls, IPAddress? source = null, Predicate<IPAddress>? isAvoided = null)
    {
        var demands = Hosts.ToDictionary(host => host.Host.Name, host => host.Tls, StringComparer.OrdinalIgnoreCase);
        var usable = Answer with { Hosts = [.. Hosts.Select(host => host.Host)] };
        return [.. RoutePolicy.Order(usable, chance, source?.AddressFamily, isAvoided).Select(hop => Target(hop, demands[hop.Host].AtLeast(tls, hop.Host)) with { Source = source })];
    }

    /// <summary>Whether a session that is open already may be used for mail of this domain: the site is shared, the demands are each domain's own.</summary>
    /// <param name="session">A session to a host of the site.</param>
    /// <param name="tls">What TLS must be for mail of this domain at this site at least.</param>
    public bool Accepts(ISmtpSession session, TlsMode tls) =>
        Hosts.FirstOrDefault(host => string.Equals(host.Host.Name, session.Host, StringComparison.OrdinalIgnoreCase)) is { } planned && planned.Tls.AtLeast(tls, planned.Host.Name).Mode switch
        {
            TlsMode.Required => session.Tls is not null,
            TlsMode.Verified => session.TlsProof is TlsProof.Certificate,
            TlsMode.Dane => session.TlsProof is TlsProof.Dane,
            _ => true,
        };

    static SmtpTarget Target(RouteHop hop, TlsDemand tls) => new(hop.Host, hop.Address, 25, tls.Mode) { CertificateNames = tls.CertificateNames, Tlsa = tls.Tlsa };

    // All of these can change without the sender's doing, some by the operator's own: mail waits. Only an address is the trouble of the whole site.
    static Outcome RefusalOf(ImmutableArray<ExcludedHost> excluded)
    {
        var waiting = new Outcome(OutcomeKind.Deferred, FailureScope.Site, Categories.Tls, "mta-sts.no-host");
        if (excluded.Any(host => host.Reason == HostExclusion.Dane)) return waiting with { Rule = "dane.no-host" };
        if (excluded.Any(host => host.Reason == HostExclusion.MtaSts)) return waiting;
        return waiting with { Category = Categories.ForbiddenAddress, Rule = "mx.forbidden-address", IsSiteTrouble = true };
    }
}
