namespace Orleans.Mail.Policy.Shaping;

/// <summary>
/// Holds a pace: a meter that each grant fills by one and time empties at the limit's rate; a grant must fit below the burst (GCRA, ITU-T I.371, as a
/// leaky bucket). In no span of time T are more than burst + rate × T granted. Not for concurrent use.
/// </summary>
public sealed class TokenBucket
{
    // Sums of small times: what is meant as a whole may lack a little.
    const double Tolerance = 1e-6;

    double _owed;
    DateTimeOffset _at;

    public TokenBucket(RateLimit limit, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(limit);
        Limit = limit;
        _at = now;
    }

    public RateLimit Limit { get; private set; }

    /// <summary>Takes up to <paramref name="want"/>; returns how many are granted now.</summary>
    public int Take(int want, DateTimeOffset now)
    {
        Empty(now);
        var granted = Math.Clamp((int)Math.Floor(Limit.Burst - _owed + Tolerance), 0, Math.Max(0, want));
        _owed += granted;
        return granted;
    }

    /// <summary>Gives back what was taken and not used.</summary>
    public void GiveBack(int unused) => _owed = Math.Max(0, _owed - unused);

    /// <summary>When the next one is granted; <paramref name="now"/> or earlier when one is granted now.</summary>
    /// <param name="now">Now.</param>
    /// <param name="ahead">So many others come first.</param>
    public DateTimeOffset NextAt(DateTimeOffset now, int ahead = 0)
    {
        Empty(now);
        var excess = _owed + 1 + ahead - Limit.Burst;
        if (excess <= Tolerance) return _at;
        // Rounded up, so that whoever comes at that moment is granted one.
        return _at + TimeSpan.FromTicks((long)Math.Ceiling(excess / Limit.PerSecond * TimeSpan.TicksPerSecond));
    }

    /// <summary>Another limit from now on. What was taken stays owed, so a change grants nothing twice.</summary>
    public void Change(RateLimit limit, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(limit);
        Empty(now);
        Limit = limit;
    }

    // A clock that went back empties nothing and fills nothing.
    void Empty(DateTimeOffset now)
    {
        if (now <= _at) return;
        _owed = Math.Max(0, _owed - (now - _at).TotalSeconds * Limit.PerSecond);
        _at = now;
    }
}
