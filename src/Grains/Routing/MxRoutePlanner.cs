using System.Collections.Immutable;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Makes a plan out of what the name service and the policies of a domain say: who may be contacted, at which addresses, under which TLS.</summary>
sealed class MxRoutePlanner(IMxResolver resolver, IMtaSts mtaSts, IDane dane, AddressGuard guard, string localName)
{
    /// <summary>Answers come from caches while they hold; a remote's doing never throws.</summary>
    /// <param name="domain">The domain of the address: lower-case A-labels.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<MxPlan> PlanAsync(string domain, CancellationToken cancellationToken)
    {
        var answer = WithoutOwn(await resolver.ResolveAsync(domain, cancellationToken).ConfigureAwait(false));
        var site = SiteKey.Of(domain, answer);
        if (answer.Status != MxStatus.Hosts) return new MxPlan(answer, site, [], [], null);
        var sts = await mtaSts.FindAsync(domain, cancellationToken).ConfigureAwait(false);
        var judged = await Task.WhenAll(answer.Hosts.OrderBy(host => host.Preference).Select(host => JudgeAsync(host, domain, answer, sts, cancellationToken))).ConfigureAwait(false);
        return new MxPlan(answer, site, [.. judged.Select(host => host.Planned).OfType<PlannedHost>()], [.. judged.Select(host => host.Excluded).OfType<ExcludedHost>()], sts?.Mode);
    }

    /// <summary>The domain's site, where an answer is at hand.</summary>
    public SiteKey? TryGetSite(string domain) => resolver.Known(domain) is { } answer ? SiteKey.Of(domain, WithoutOwn(answer)) : null;

    MxAnswer WithoutOwn(MxAnswer answer) => LoopPolicy.LeaveOutOwn(answer, localName, guard);

    async Task<(PlannedHost? Planned, ExcludedHost? Excluded)> JudgeAsync(MxHost host, string domain, MxAnswer answer, MtaStsPolicy? sts, CancellationToken cancellationToken)
    {
        var addresses = host.Addresses.Where(guard.Allows).ToImmutableArray();
        if (addresses.IsEmpty) return (null, new ExcludedHost(host.Name, HostExclusion.ForbiddenAddress));
        var records = answer.IsSecure ? await dane.FindAsync(host, cancellationToken).ConfigureAwait(false) : null;
        var demand = TlsDemand.Of(host, domain, sts, records);
        if (demand is null) return (null, new ExcludedHost(host.Name, records?.Status == DaneStatus.Unknown ? HostExclusion.Dane : HostExclusion.MtaSts));
        return (new PlannedHost(host with { Addresses = addresses }, demand), null);
    }
}
