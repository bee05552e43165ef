using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Policy.Routing;

/// <summary>One address to try.</summary>
public sealed record RouteHop(string Host, IPAddress Address, int Preference);

/// <summary>Which addresses are tried, in which order.</summary>
public static class RoutePolicy
{
    /// <summary>Most addresses tried in one attempt; with more, a dead site would hold a session for minutes.</summary>
    public const int MaxAddresses = 5;

    /// <summary>Most hosts that answered, whatever they said, in one attempt: one that sends everybody away is not asked about by all its names.</summary>
    public const int MaxSessions = 2;

    /// <summary>
    /// Hosts by preference, in chance's order where it is equal (RFC 5321 §5.1), taking turns; of each host IPv6 and IPv4 in turn.
    /// Where there are further preferences, the best leaves room for one address of theirs. Addresses that are to be avoided come last, whatever their preference.
    /// </summary>
    /// <param name="answer">What the name service said.</param>
    /// <param name="chance">Values of 0 to 1.</param>
    /// <param name="family">The only family that can be dialled; null for both.</param>
    /// <param name="isAvoided">Whether an address is better not tried; null for none.</param>
    public static IReadOnlyList<RouteHop> Order(MxAnswer answer, Func<double> chance, AddressFamily? family = null, Predicate<IPAddress>? isAvoided = null)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(chance);
        var hops = new List<RouteHop>(MaxAddresses);
        if (answer.Status != MxStatus.Hosts || answer.Hosts.IsDefaultOrEmpty) return hops;
        var seen = new HashSet<IPAddress>();
        var groups = answer.Hosts
            .Where(host => !host.Addresses.IsDefaultOrEmpty)
            .GroupBy(host => host.Preference)
            .OrderBy(group => group.Key)
            .Select(group => TakeTurns(Shuffle([.. group], chance)).Where(hop => (family is null || hop.Address.AddressFamily == family) && seen.Add(hop.Address)).ToList())
            .ToList();
        Take(groups, hops, hop => isAvoided?.Invoke(hop.Address) is not true);
        if (isAvoided is not null) Take(groups, hops, hop => isAvoided(hop.Address));
        return hops;
    }

    static void Take(List<List<RouteHop>> preferences, List<RouteHop> hops, Predicate<RouteHop> isWanted)
    {
        var groups = preferences.Select(group => group.FindAll(isWanted)).Where(group => group.Count > 0).ToList();
        for (var i = 0; i < groups.Count && hops.Count < MaxAddresses; i++)
        {
            var room = MaxAddresses - hops.Count - (i + 1 < groups.Count ? 1 : 0);
            hops.AddRange(groups[i].Take(Math.Max(room, 1)));
        }
    }

    static MxHost[] Shuffle(MxHost[] hosts, Func<double> chance)
    {
        for (var i = hosts.Length - 1; i > 0; i--)
        {
            var j = Math.Clamp((int)(chance() * (i + 1)), 0, i);
            (hosts[i], hosts[j]) = (hosts[j], hosts[i]);
        }

        return hosts;
    }

    static IEnumerable<RouteHop> TakeTurns(MxHost[] hosts)
    {
        var lists = hosts.Select(host => Alternate(host).ToList()).ToList();
        for (var i = 0; lists.Exists(list => i < list.Count); i++)
            foreach (var list in lists)
                if (i < list.Count)
                    yield return list[i];
    }

    static IEnumerable<RouteHop> Alternate(MxHost host)
    {
        var six = host.Addresses.Where(address => address.AddressFamily == AddressFamily.InterNetworkV6).ToList();
        var four = host.Addresses.Where(address => address.AddressFamily != AddressFamily.InterNetworkV6).ToList();
        for (var i = 0; i < Math.Max(six.Count, four.Count); i++)
        {
            if (i < six.Count) yield return new RouteHop(host.Name, six[i], host.Preference);
            if (i < four.Count) yield return new RouteHop(host.Name, four[i], host.Preference);
        }
    }
}
