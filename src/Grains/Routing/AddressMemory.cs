using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Grains.Routing;

/// <summary>
/// Addresses where this silo found nobody, or was not welcome, for a while: others are tried first, so that one dead address of several does not cost
/// each session its time. Several of one family in a row, with none that answered between them, and the whole family comes last. Bounded.
/// </summary>
/// <param name="duration">How long an address is remembered.</param>
/// <param name="capacity">Most addresses. When full, what is new is not remembered.</param>
/// <param name="clock">The clock.</param>
sealed class AddressMemory(TimeSpan duration, int capacity, TimeProvider clock)
{
    // As many in a row are no chance any more: the machine has no way there.
    const int FamilyFailures = 3;

    readonly ConcurrentDictionary<(IPAddress? Source, IPAddress Address), DateTimeOffset> _until = new();
    readonly ConcurrentDictionary<(IPAddress? Source, AddressFamily Family), FamilyRow> _families = new();

    /// <summary>Whether others are to be tried before it.</summary>
    /// <param name="source">The address that is dialled from; null for the machine's choice.</param>
    /// <param name="address">The address.</param>
    public bool IsAvoided(IPAddress? source, IPAddress address)
    {
        if (_until.IsEmpty) return false;
        var now = clock.GetUtcNow();
        return (_until.TryGetValue((source, address), out var until) && until > now) || (_families.TryGetValue((source, address.AddressFamily), out var family) && family.Until > now);
    }

    /// <summary>Nobody could be reached there.</summary>
    public void Failed(IPAddress? source, IPAddress address)
    {
        var until = Avoid(source, address);
        _families.AddOrUpdate((source, address.AddressFamily),
            _ => new FamilyRow(1, address, default),
            (_, row) => row.Last.Equals(address) ? row : new FamilyRow(row.Failures + 1, address, row.Failures + 1 >= FamilyFailures ? until : row.Until));
    }

    /// <summary>Somebody there answers, and does not want us at this address of ours.</summary>
    public DateTimeOffset Avoid(IPAddress? source, IPAddress address)
    {
        var now = clock.GetUtcNow();
        if (_until.Count >= capacity)
            foreach (var entry in _until)
                if (entry.Value <= now)
                    _until.TryRemove(entry);
        if (_until.Count < capacity || _until.ContainsKey((source, address))) _until[(source, address)] = now + duration;
        return now + duration;
    }

    /// <summary>Somebody answered there.</summary>
    public void Answered(IPAddress? source, IPAddress address)
    {
        if (!_families.IsEmpty) _families.TryRemove((source, address.AddressFamily), out _);
        if (!_until.IsEmpty) _until.TryRemove((source, address), out _);
    }

    // Sources are as many as configuration names, and families two.
    readonly record struct FamilyRow(int Failures, IPAddress Last, DateTimeOffset Until);
}
