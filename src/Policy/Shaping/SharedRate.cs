namespace Orleans.Mail.Policy.Shaping;

/// <summary>Messages granted, and when to ask for more at the earliest.</summary>
public readonly record struct RateGrant(int Granted, DateTimeOffset NextAt);

/// <summary>
/// One rate for many who ask: granted in blocks, so that a busy one asks once a block and not once a message. Not for concurrent use.
/// </summary>
/// <remarks>
/// In no span of time T are more than b + rate × T granted, where b is the burst, or what comes due in one block time where that is more. A new one
/// has its burst still to earn, except for one message: losing it to a crash never lets more through.
/// </remarks>
public sealed class SharedRate
{
    readonly TimeSpan _block;
    readonly TokenBucket _bucket;
    RateLimit _set;
    DateTimeOffset _promised;

    public SharedRate(RateLimit limit, TimeSpan block, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(limit);
        _block = block;
        _set = limit;
        _bucket = new TokenBucket(limit.Every(block), now);
        _bucket.Take(_bucket.Limit.Burst - 1, now);
    }

    /// <summary>Takes up to <paramref name="want"/>. Who gets less is promised a moment of its own, so that those who wait take turns.</summary>
    public RateGrant Take(int want, DateTimeOffset now)
    {
        var granted = _bucket.Take(want, now);
        if (granted == want) return new RateGrant(granted, now);
        var next = _bucket.NextAt(now);
        var interval = TimeSpan.FromSeconds(1 / _bucket.Limit.PerSecond);
        if (_promised + interval > next && _promised > now) next = _promised + interval;
        _promised = next;
        return new RateGrant(granted, next > now + _block ? next : now + _block);
    }

    /// <summary>When the next one is granted to one who asks now; <paramref name="now"/> or earlier when one is granted now.</summary>
    public DateTimeOffset NextAt(DateTimeOffset now) => _bucket.NextAt(now);

    /// <summary>Gives back what was not used.</summary>
    public void GiveBack(int unused) => _bucket.GiveBack(unused);

    /// <summary>Another limit from now on; what was taken stays owed.</summary>
    public void Change(RateLimit limit, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(limit);
        if (limit == _set) return;
        _set = limit;
        _bucket.Change(limit.Every(_block), now);
        _promised = default;
    }
}
