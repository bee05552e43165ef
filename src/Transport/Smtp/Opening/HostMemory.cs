using System.Collections.Concurrent;
using System.Net;

namespace Orleans.Mail.Transport.Smtp.Opening;

/// <summary>Hosts of which something was seen, for a while. Bounded: when full, what is new is not remembered.</summary>
sealed class HostMemory(TimeProvider time, TimeSpan duration, int capacity)
{
    readonly ConcurrentDictionary<IPEndPoint, DateTimeOffset> _until = new();

    public bool Contains(IPEndPoint host)
    {
        if (!_until.TryGetValue(host, out var until)) return false;
        if (until > time.GetUtcNow()) return true;
        _until.TryRemove(new KeyValuePair<IPEndPoint, DateTimeOffset>(host, until));
        return false;
    }

    public void Add(IPEndPoint host)
    {
        var now = time.GetUtcNow();
        if (_until.Count >= capacity)
            foreach (var entry in _until)
                if (entry.Value <= now)
                    _until.TryRemove(entry);
        if (_until.Count < capacity || _until.ContainsKey(host)) _until[host] = now + duration;
    }
}
