using System.Collections.Concurrent;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Which relays are out of order, as this silo last heard it from their sites: mail is led around them. Bounded by the number of relays.</summary>
sealed class RelayHealth(TimeProvider clock)
{
    readonly ConcurrentDictionary<string, DateTimeOffset> _deadUntil = new();

    public bool IsDead(string site) => _deadUntil.TryGetValue(site, out var until) && until > clock.GetUtcNow();

    public void Dead(string site, DateTimeOffset until) => _deadUntil[site] = until;

    public void Alive(string site) => _deadUntil.TryRemove(site, out _);
}
