using System.Collections.Concurrent;
using System.Net;
using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Chooses the source address of mail that goes by MX: by weight among those that are not used up, as this silo last heard.</summary>
sealed class SourcePool(SourceWarmup sources, TimeProvider clock)
{
    readonly ConcurrentDictionary<string, DateTimeOffset> _usedUpUntil = new();

    public bool IsEmpty => sources.IsEmpty;

    public IEnumerable<string> Names => sources.Names;

    /// <summary>
    /// Null where no source in use reaches the hosts: the machine chooses. With all that do used up one is chosen all the same, and the mail waits for it.
    /// </summary>
    /// <param name="point">0 to 1.</param>
    /// <param name="sticky">The source that a greylisting receiver knows; kept while it may send.</param>
    /// <param name="hosts">Where the mail goes: an address of one family reaches only hosts of that family.</param>
    public string? Choose(double point, string? sticky, MxAnswer hosts)
    {
        if (sources.IsEmpty) return null;
        var now = clock.GetUtcNow();
        var families = hosts.Hosts.SelectMany(host => host.Addresses).Select(address => address.AddressFamily).ToHashSet();
        var usable = sources.Names.Where(name => families.Count == 0 || families.Contains(sources.AddressOf(name)!.AddressFamily))
            .Select(name => new Candidate(name, 0, sources.WeightOf(name, now), !IsUsedUp(name, now))).ToList();
        return (WeightedChoice.Choose(usable, point, sticky) ?? WeightedChoice.Choose([.. usable.Select(one => one with { IsUsable = true })], point, sticky))?.Name;
    }

    /// <summary>The address of a source; null where there is none of that name.</summary>
    public IPAddress? AddressOf(string? source) => source is null ? null : sources.AddressOf(source);

    public void UsedUp(string source, DateTimeOffset until) => _usedUpUntil[source] = until;

    /// <summary>Whether another source than this may send.</summary>
    public bool HasOther(string source)
    {
        var now = clock.GetUtcNow();
        return sources.Names.Any(name => name != source && sources.WeightOf(name, now) > 0 && !IsUsedUp(name, now));
    }

    bool IsUsedUp(string source, DateTimeOffset now) => _usedUpUntil.TryGetValue(source, out var until) && until > now;
}
