using System.Collections.Concurrent;
using System.Net;
using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Chooses the source address of mail that goes by MX: by weight among those that are not used up, as this silo last heard.</summary>
sealed class SourcePool : IDisposable
{
    readonly ConcurrentDictionary<string, DateTimeOffset> _usedUpUntil = new();
    readonly SourceWarmup _sources;
    readonly TimeProvider _clock;

    public SourcePool(SourceWarmup sources, TimeProvider clock)
    {
        (_sources, _clock) = (sources, clock);
        // By another limit it may not be used up.
        _sources.Changed += _usedUpUntil.Clear;
    }

    public bool IsEmpty => _sources.IsEmpty;

    public IEnumerable<string> Names => _sources.Names;

    /// <summary>
    /// Null where no source in use reaches the hosts: the machine chooses. With all that do used up one is chosen all the same, and the mail waits for it.
    /// </summary>
    /// <param name="point">0 to 1.</param>
    /// <param name="sticky">The source that a greylisting receiver knows; kept while it may send.</param>
    /// <param name="hosts">Where the mail goes: an address of one family reaches only hosts of that family.</param>
    public string? Choose(double point, string? sticky, MxAnswer hosts)
    {
        if (_sources.IsEmpty) return null;
        var now = _clock.GetUtcNow();
        var families = hosts.Hosts.SelectMany(host => host.Addresses).Select(address => address.AddressFamily).ToHashSet();
        var usable = _sources.Names.Where(name => families.Count == 0 || families.Contains(_sources.AddressOf(name)!.AddressFamily))
            .Select(name => new Candidate(name, 0, _sources.WeightOf(name, now), !IsUsedUp(name, now))).ToList();
        return (WeightedChoice.Choose(usable, point, sticky) ?? WeightedChoice.Choose([.. usable.Select(one => one with { IsUsable = true })], point, sticky))?.Name;
    }

    /// <summary>The address of a source; null where there is none of that name.</summary>
    public IPAddress? AddressOf(string? source) => source is null ? null : _sources.AddressOf(source);

    /// <summary>Whether it is new, and may send more from day to day.</summary>
    public bool IsWarming(string source) => _sources.IsWarming(source, _clock.GetUtcNow());

    public void UsedUp(string source, DateTimeOffset until) => _usedUpUntil[source] = until;

    /// <summary>Whether another source than this may send.</summary>
    public bool HasOther(string source)
    {
        var now = _clock.GetUtcNow();
        return _sources.Names.Any(name => name != source && _sources.WeightOf(name, now) > 0 && !IsUsedUp(name, now));
    }

    public void Dispose() => _sources.Changed -= _usedUpUntil.Clear;

    bool IsUsedUp(string source, DateTimeOffset now) => _usedUpUntil.TryGetValue(source, out var until) && until > now;
}
