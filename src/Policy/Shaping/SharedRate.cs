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
    readonly TimeSpan block;
    readonly TokenBucket bucket;
    RateLimit set;
    DateTimeOffset promised;

    public SharedRate(RateLimit limit, TimeSpan block, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(limit);
        this.block = block;
        set = limit;
        bucket = new TokenBucket(limit.Every(block), now);
        bucket.Take(bucket.Limit.Burst - 1, now);
    }

    /// <summary>Takes up to <paramref name="want"/>. Who gets less is promised a moment of its own, so that those who wait take turns.</summary>
    public RateGrant Take(int want, DateTimeOffset now)
    {
        var granted = bucket.Take(want, now);
        if (granted == want) return new RateGrant(granted, now);
        var next = bucket.NextAt(now);
        var interval = TimeSpan.FromSeconds(1 / bucket.Limit.PerSecond);
        if (promised + interval > next && promised > now) next = promised + interval;
        promised = next;
        return new RateGrant(granted, next > now + block ? next : now + block);
    }

    /// <summary>When the next one is granted to one who asks now; <paramref name="now"/> or earlier when one is granted now.</summary>
    public DateTimeOffset NextAt(DateTimeOffset now) => bucket.NextAt(now);

    /// <summary>Gives back what was not used.</summary>
    public void GiveBack(int unused) => bucket.GiveBack(unused);

    /// <summary>Another limit from now on; what was taken stays owed.</summary>
    public void Change(RateLimit limit, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(limit);
        if (limit == set) return;
        set = limit;
        bucket.Change(limit.Every(block), now);
        promised = default;
    }
}
