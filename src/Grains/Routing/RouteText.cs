using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Short routes as configuration writes them: a recipient domain, or <c>*</c>, and <c>host:port</c>.</summary>
static class RouteText
{
    public static ShortRoute Parse(string domain, string target) =>
        TryParse(domain, target, out var route) ? route : throw new FormatException("A short route maps a recipient domain, or *, to host:port.");

    public static bool TryParse(string domain, string? target, [NotNullWhen(true)] out ShortRoute? route)
    {
        route = null;
        var colon = target?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !ushort.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0) return false;
        var recipients = domain;
        if (domain != "*" && !Mailbox.TryParseDomain(domain, out recipients, out _)) return false;
        // Named after its target: two domains with one target share it.
        var relay = new Relay(target!.ToLowerInvariant(), target[..colon].Trim('[', ']'), port);
        route = new ShortRoute(relay, new RouteRule(relay.Pool) { Domain = recipients == "*" ? null : recipients });
        return true;
    }
}

sealed record ShortRoute(Relay Relay, RouteRule Rule);
