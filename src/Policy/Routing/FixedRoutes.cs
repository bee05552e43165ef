using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Mail.Policy.Routing;

/// <summary>What TLS must be on a route.</summary>
public enum RouteTls : byte
{
    /// <summary>STARTTLS where offered, any certificate; plaintext otherwise (RFC 7435).</summary>
    Opportunistic,

    /// <summary>Never.</summary>
    None,

    /// <summary>Always, with any certificate: what is offered in plaintext only waits.</summary>
    Required,

    /// <summary>Always, with a certificate that is valid for the host.</summary>
    Verified,
}

/// <summary>Mail of a domain goes to this host, whatever the name service says.</summary>
/// <param name="Domain">A recipient domain, or <c>*</c> for every domain that has no route of its own.</param>
/// <param name="Host">Host name or address literal without brackets.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Tls">What TLS must be.</param>
public sealed record FixedRoute(string Domain, string Host, int Port = 25, RouteTls Tls = RouteTls.Opportunistic);

/// <summary>The fixed routes of a service. Immutable.</summary>
public sealed class FixedRoutes
{
    readonly FrozenDictionary<string, FixedRoute> byDomain;
    readonly FixedRoute? any;

    /// <exception cref="ArgumentException">A route is malformed, or there are two for one domain.</exception>
    public FixedRoutes(IEnumerable<FixedRoute> routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var found = new Dictionary<string, FixedRoute>(StringComparer.Ordinal);
        foreach (var route in routes)
        {
            var canonical = Canonical(route);
            if (!found.TryAdd(canonical.Domain, canonical)) throw new ArgumentException("A domain has one fixed route at most.", nameof(routes));
        }

        found.Remove("*", out any);
        byDomain = found.ToFrozenDictionary(StringComparer.Ordinal);
    }

    public static FixedRoutes None { get; } = new([]);

    /// <summary>The domain's route, else the one of <c>*</c>.</summary>
    /// <param name="domain">Lower-case A-labels.</param>
    /// <param name="route">The route.</param>
    public bool TryFind(string domain, [NotNullWhen(true)] out FixedRoute? route)
    {
        if (!byDomain.TryGetValue(domain, out route)) route = any;
        return route is not null;
    }

    static FixedRoute Canonical(FixedRoute route)
    {
        var domain = route.Domain;
        if (domain != "*" && !Mailbox.TryParseDomain(domain, out domain, out var problem)) throw new ArgumentException($"The domain of a fixed route {problem}.");
        var host = route.Host.Trim().ToLowerInvariant();
        if (host.Length is 0 or > Mailbox.MaxDomainOctets) throw new ArgumentException("A fixed route names a host.");
        if (route.Port is < 1 or > 65535) throw new ArgumentException("The port of a fixed route is 1 to 65535.");
        return route with { Domain = domain, Host = host };
    }
}
