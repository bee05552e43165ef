using System.Collections.Concurrent;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Which relays are out of order, as this silo last heard it from their sites: mail is led around them. Bounded by the number of relays.</summary>
sealed class RelayHealth(TimeProvider clock)
{
    readonly ConcurrentDictionary<string, DateTimeOffset> _deadUntil = new();

    public bool IsDead(string site) => _deadUntil.TryGetValue(site, out var until) && until > clock.GetUtcNow();

    public void Dead(string site, DateTimeOffset until) => _deadUntil[site] = until;

    /// <summary>It could not be talked to once; whether it is dead is for its site to say.</summary>
    public void Suspect(string site)
    {
        var until = clock.GetUtcNow() + Suspicion;
        _deadUntil.AddOrUpdate(site, until, (_, known) => known > until ? known : until);
    }

    static readonly TimeSpan Suspicion = TimeSpan.FromSeconds(15);

    /// <summary>It takes tickets. A suspicion goes by itself.</summary>
    public void Alive(string site)
    {
        if (_deadUntil.TryGetValue(site, out var until) && until > clock.GetUtcNow() + Suspicion) _deadUntil.TryRemove(site, out _);
    }
}
