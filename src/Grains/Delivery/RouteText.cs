using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>Fixed routes as configuration writes them: a recipient domain, or <c>*</c>, and <c>host:port</c>.</summary>
static class RouteText
{
    public static FixedRoute Parse(string domain, string target) =>
        TryParse(domain, target, out var route) ? route : throw new FormatException("A fixed route maps a recipient domain, or *, to host:port.");

    public static bool TryParse(string domain, string? target, [NotNullWhen(true)] out FixedRoute? route)
    {
        route = null;
        var colon = target?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !ushort.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0) return false;
        var recipients = domain;
        if (domain != "*" && !Mailbox.TryParseDomain(domain, out recipients, out _)) return false;
        route = new FixedRoute(recipients!, target![..colon].Trim('[', ']'), port);
        return true;
    }
}
