using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Which site a ticket goes to: the relay of a pool, or the set of hosts that MX records name. May ask the name service, so no grain calls it.</summary>
sealed class SiteFinder(DeliveryRouter router, RoutingTable routes, RelayHealth health, SourcePool sources, MxRoutePlanner planner, IMxResolver resolver, StandingOrders orders, TimeProvider clock, Func<double> chance)
{
    /// <summary>A site for the ticket; where every relay of a pool is out of order, one of them. Null where its pool was taken out of the configuration since.</summary>
    public async ValueTask<FoundSite?> FindAsync(Ticket ticket, CancellationToken cancellationToken)
    {
        if (Destination.PoolOf(ticket.Destination) is { } pool) return Choose(pool) is { } relay ? Of(relay) : null;
        if (router.IsInside) return new FoundSite(new SitePath(ticket.Destination, null), []);
        var answer = await resolver.ResolveAsync(ticket.Destination, cancellationToken).ConfigureAwait(false);
        var site = planner.TryGetSite(ticket.Destination) ?? SiteKey.Of(ticket.Destination, answer);
        return new FoundSite(new SitePath(site.Value, sources.Choose(chance(), ticket.Source, answer)), [.. answer.Hosts.Select(host => host.Name)]);
    }

    /// <summary>The site as far as it is known without asking anybody; null where it is not.</summary>
    public string? TryFind(string destination) => Destination.PoolOf(destination) is { } pool
        ? routes.Book.RelaysOf(pool) is [var only] ? only.Site : null
        : router.IsInside ? destination : planner.TryGetSite(destination)?.Value;

    /// <summary>Where its ticket may stand, as far as that is known: at the site, by each of the source addresses.</summary>
    public IEnumerable<string> PathsOf(string destination)
    {
        if (TryFind(destination) is not { } site) return [];
        return router.IsInside || routes.Book.RelayAt(site) is not null || sources.IsEmpty ? [site] : sources.Names.Select(name => new SitePath(site, name).ToString()).Append(site);
    }

    /// <summary>Whether a pool of relays has another one that talks, as far as this silo knows.</summary>
    public bool HasOtherWay(string destination, string site) =>
        Destination.PoolOf(destination) is { } pool && routes.Book.RelaysOf(pool).Any(relay => relay.Site != site && !health.IsDead(relay.Site));

    /// <summary>A session found nobody at a relay: for a moment others are preferred, until its site has made up its mind.</summary>
    public void Avoid(string site)
    {
        if (routes.Book.RelayAt(site) is not null) health.Suspect(site);
    }

    // The lowest tier with a relay in order; in it, by weight.
    Relay? Choose(string pool)
    {
        var relays = routes.Book.RelaysOf(pool);
        if (relays.Length <= 1) return relays.FirstOrDefault();
        var candidates = relays.Where(relay => !health.IsDead(relay.Site)).ToList();
        if (candidates.Count == 0) candidates = [.. relays];
        if (orders.Book.HasSiteReroutes && candidates.Exists(relay => !IsLedAround(relay))) candidates.RemoveAll(IsLedAround);
        var chosen = WeightedChoice.Choose([.. candidates.Select(relay => new Candidate(relay.Name, relay.Tier, relay.Weight))], chance());
        return candidates.Find(relay => relay.Name == chosen?.Name);
    }

    bool IsLedAround(Relay relay) =>
        orders.Book.Find(OrderKind.Reroute, new OrderTarget { Site = relay.Site, Relay = relay.Name }, clock.GetUtcNow()).Any(order => order.Detail == StandingOrder.OtherRelay);

    static FoundSite Of(Relay relay) => new(new SitePath(relay.Site, null), [relay.Host]);
}

/// <summary>Where a ticket goes.</summary>
/// <param name="Path">The site, and the source address.</param>
/// <param name="Hosts">Its mail hosts, where they are known.</param>
readonly record struct FoundSite(SitePath Path, string[] Hosts);
