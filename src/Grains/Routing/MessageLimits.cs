using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Routing;

/// <summary>The limits of a site as they concern one message: with those of its recipient domain and of its tenant laid over them.</summary>
sealed class MessageLimits(SiteShaping shaping, RoutingTable routes, IMxResolver resolver)
{
    /// <summary>Whether mail to some sites may wait for another time than the service's.</summary>
    public bool HaveLifetimes => shaping.Table.HasLifetimes;

    /// <summary>What applies, without asking the name service; null where its answer would be needed and is not at hand.</summary>
    /// <param name="site">The site, with its source address or without.</param>
    /// <param name="domain">The recipient domain.</param>
    /// <param name="tenant">Who sends.</param>
    public SiteLimits? Find(string site, string domain, string tenant)
    {
        var path = SitePath.Parse(site);
        if (routes.Book.RelayAt(path.Site) is { } relay) return shaping.Table.Resolve(path.Site, [relay.Host], domain, tenant);
        return resolver.Known(domain) is { } answer ? shaping.Table.Resolve(path.Site, answer.Hosts.Select(host => host.Name), domain, tenant) : null;
    }
}
