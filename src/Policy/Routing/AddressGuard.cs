using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Policy.Routing;

/// <summary>
/// Which addresses a name that others control may lead to: only those of the open Internet. An address in a form that carries another one
/// (IPv4-mapped, IPv4-compatible, NAT64, 6to4) is judged by the one it carries, since that is where the packets go.
/// </summary>
/// <param name="allowed">Networks that may be dialled all the same: a test's loopback, a private relay.</param>
/// <param name="own">This machine's addresses.</param>
public sealed class AddressGuard(IReadOnlyCollection<IPNetwork> allowed, IReadOnlyCollection<IPAddress> own)
{
    // IANA's registry of special-purpose IPv4 addresses (RFC 6890), and the address at which Azure serves its guests.
    static readonly IPNetwork[] Special4 = Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4");

    // Hosts are given addresses of 2000::/3 alone (RFC 4291 §2.4), so that loopback, link-local, site-local, unique local and multicast are outside.
    static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    // Inside it: protocol assignments with Teredo (RFC 2928, RFC 4380), and documentation (RFC 3849, RFC 9637).
    static readonly IPNetwork[] Special6 = Parse("2001::/23", "2001:db8::/32", "3fff::/20");

    static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <summary>No network is allowed beyond the open Internet.</summary>
    public static AddressGuard Strict { get; } = new([], []);

    public bool Allows(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var carried = Carried(address);
        if (IsAllowed(address) || (carried is not null && IsAllowed(carried))) return true;
        if (own.Contains(address) || (carried is not null && own.Contains(carried))) return false;
        return IsPublic(carried ?? address);
    }

    /// <summary>Whether the address is this machine's, and not one that configuration allows.</summary>
    public bool IsOwn(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return !IsAllowed(address) && own.Contains(Carried(address) ?? address);
    }

    bool IsAllowed(IPAddress address) => allowed.Any(network => network.Contains(address));

    static bool IsPublic(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? !Special4.Any(network => network.Contains(address))
        : Global6.Contains(address) && !Special6.Any(network => network.Contains(address));

    // The IPv4 address inside an IPv6 one; null where there is none. 64:ff9b:1::/48 (RFC 8215) has no fixed place for it and is outside 2000::/3.
    static IPAddress? Carried(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return null;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out _);
        if (SixToFour.Contains(address)) return new IPAddress(octets.Slice(2, 4));
        return Nat64.Contains(address) || Compatible.Contains(address) ? new IPAddress(octets[12..]) : null;
    }

    static IPNetwork[] Parse(params string[] networks) => [.. networks.Select(IPNetwork.Parse)];
}
