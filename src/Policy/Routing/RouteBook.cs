using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Routing;

/// <summary>A host that takes mail for any domain: a smart host.</summary>
/// <param name="Name">What operators call it.</param>
/// <param name="Host">Host name or address literal without brackets.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record Relay(string Name, string Host, int Port)
{
    /// <summary>The pool it belongs to; a relay without one is a pool of its own.</summary>
    public string Pool { get; init; } = Name;

    /// <summary>Share of the mail among the relays of its tier. Default 1.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Relays of a higher tier serve only while every one below is out of order. Default 0.</summary>
    public int Tier { get; init; }

    /// <summary>The site it is, for limits and for the record.</summary>
    public string Site => $"{Host.ToLowerInvariant()}:{Port}";
}

/// <summary>Which mail takes a route. Members that are null do not restrict.</summary>
/// <param name="Route">Name of a pool of relays, or <see cref="RouteBook.Mx"/>.</param>
public sealed record RouteRule(string Route)
{
    /// <summary>Recipient domain, lower-case A-labels; with a leading dot for every domain below it.</summary>
    public string? Domain { get; init; }

    public string? Tenant { get; init; }

    public string? Campaign { get; init; }

    public Priority? Priority { get; init; }

    public bool Matches(in RouteQuery mail) =>
        (Domain is null || (Domain[0] == '.' ? mail.Domain.EndsWith(Domain, StringComparison.Ordinal) : mail.Domain == Domain))
        && (Tenant is null || Tenant == mail.Tenant)
        && (Campaign is null || Campaign == mail.Campaign)
        && (Priority is null || Priority == mail.Priority);
}

/// <summary>What the choice of a route looks at.</summary>
public readonly record struct RouteQuery(string Domain, string Tenant, string? Campaign, Priority Priority);

/// <summary>
/// The routes of a service: rules in order, the first that matches decides; what none matches goes by MX. Immutable.
/// </summary>
public sealed class RouteBook
{
    /// <summary>The route that asks the name service (RFC 5321 §5.1).</summary>
    public const string Mx = "mx";

    readonly ImmutableArray<RouteRule> _rules;
    readonly FrozenDictionary<string, ImmutableArray<Relay>> _pools;
    readonly FrozenDictionary<string, Relay> _bySite;

    /// <exception cref="ArgumentException">A rule names a route that does not exist.</exception>
    public RouteBook(IEnumerable<Relay> relays, IEnumerable<RouteRule> rules)
    {
        var known = relays.ToImmutableArray();
        _rules = [.. rules];
        _pools = known.GroupBy(relay => relay.Pool).ToFrozenDictionary(pool => pool.Key, pool => pool.ToImmutableArray());
        _bySite = known.DistinctBy(relay => relay.Site).ToFrozenDictionary(relay => relay.Site);
        if (_rules.FirstOrDefault(rule => !Knows(rule.Route)) is { } lost) throw new ArgumentException($"No relay pool is called '{lost.Route}'.", nameof(rules));
    }

    public static RouteBook MxOnly { get; } = new([], []);

    /// <summary>Whether a route of that name exists.</summary>
    public bool Knows(string route) => route == Mx || _pools.ContainsKey(route);

    /// <summary>The route of a recipient: the one it asks for where that exists, else what the rules say.</summary>
    public string RouteOf(in RouteQuery mail, string? wish = null)
    {
        if (wish is not null && Knows(wish)) return wish;
        foreach (var rule in _rules)
            if (rule.Matches(mail))
                return rule.Route;
        return Mx;
    }

    /// <summary>The relays of a pool; empty for <see cref="Mx"/>.</summary>
    public ImmutableArray<Relay> RelaysOf(string pool) => _pools.TryGetValue(pool, out var relays) ? relays : [];

    /// <summary>The relay behind a site; null for a site of MX hosts.</summary>
    public Relay? RelayAt(string site) => _bySite.GetValueOrDefault(site);
}

/// <summary>
/// Where the recipients of one transaction go together: a recipient domain, or a pool of relays. It follows from the rules alone, without the
/// name service, so it is known before the site is.
/// </summary>
public static class Destination
{
    const string PoolPrefix = "pool:";
    // Neither a domain nor an address literal has a space.
    const string ThroughPool = " " + PoolPrefix;

    /// <param name="route">The route's name.</param>
    /// <param name="domain">The recipients'.</param>
    /// <param name="isApart">Whether mail to the domain is counted for itself, and so shares no transaction with other mail to a relay.</param>
    public static string Of(string route, string domain, bool isApart = false) => route == RouteBook.Mx ? domain : isApart ? domain + ThroughPool + route : PoolPrefix + route;

    /// <summary>The pool of relays; null where the destination is reached by its own hosts.</summary>
    public static string? PoolOf(string destination)
    {
        if (destination.StartsWith(PoolPrefix, StringComparison.Ordinal)) return destination[PoolPrefix.Length..];
        var mark = destination.IndexOf(ThroughPool, StringComparison.Ordinal);
        return mark < 0 ? null : destination[(mark + ThroughPool.Length)..];
    }

    /// <summary>The domain that all recipients share; null where several may go to one pool of relays.</summary>
    public static string? DomainOf(string destination)
    {
        if (destination.StartsWith(PoolPrefix, StringComparison.Ordinal)) return null;
        var mark = destination.IndexOf(ThroughPool, StringComparison.Ordinal);
        return mark < 0 ? destination : destination[..mark];
    }
}

/// <summary>What is throttled: a receiving site as seen from one source address, since receivers count by it.</summary>
/// <param name="Site">Key of the MX host set, or <c>host:port</c> of a relay.</param>
/// <param name="Source">Name of the source address; null for the machine's choice.</param>
public readonly record struct SitePath(string Site, string? Source)
{
    public static SitePath Parse(string text)
    {
        var mark = text.LastIndexOf('#');
        return mark < 0 ? new(text, null) : new(text[..mark], text[(mark + 1)..]);
    }

    public override string ToString() => Source is null ? Site : $"{Site}#{Source}";
}
