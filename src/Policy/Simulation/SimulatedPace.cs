using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Simulation;

/// <summary>All that decides how much may go to the site now, put together as the domain grain does.</summary>
sealed class SimulatedPace(SimulatedPolicy policy, SiteLimits limits, DateTimeOffset start)
{
    SiteWindow window = new(new SiteWindowOptions { Initial = limits.InitialSessions, Maximum = limits.MaxSessions, ProbeAfter = limits.ProbeAfter });
    LearnedRate rate = new();
    ReleaseRamp? ramp;
    TokenBucket? bucket = limits.Rate is { } configured ? new TokenBucket(configured, start) : null;

    public ReactionBook Reactions { get; } = new("simulated", policy.AllRules);

    /// <summary>When the next message may go; now or earlier when it may.</summary>
    public DateTimeOffset NextAt(DateTimeOffset now)
    {
        if (Reactions.SuspendedUntil(now) is { } suspended) return suspended;
        if (window.DeadUntil > now) return window.DeadUntil.Value;
        Settle(now);
        var next = bucket?.NextAt(now) ?? now;
        return next > rate.RestsUntil ? next : rate.RestsUntil;
    }

    public int SessionLimit(DateTimeOffset now) => Math.Min(window.OpenLimitAt(now), Reactions.EffectAt(now).MaxSessions ?? int.MaxValue);

    /// <summary>Whether a release after an outage has enough under way.</summary>
    public bool IsFull(int busy, int limit) => ramp is not null && (ramp.IsStopped ? busy > 0 : ramp.ReleaseNow(busy, limit) == 0);

    /// <summary>Whether a site that came back is getting what waited for it.</summary>
    public bool IsReleasing => ramp is { IsStopped: false };

    /// <summary>Nothing waits any more.</summary>
    public void EndRelease() => ramp = IsReleasing ? null : ramp;

    public void OnSend(DateTimeOffset now) => bucket?.Take(1, now);

    public void OnAnswered(bool tooFast, int inUse, DateTimeOffset now)
    {
        window = window.OnSuccess(now, inUse);
        if (tooFast)
        {
            ramp = ramp?.OnRefused();
            if (policy.LearnRate) rate = rate.OnRefused(now);
            return;
        }

        ramp = ramp?.OnAccepted();
        if (policy.LearnRate) rate = rate.OnAccepted(now);
    }

    /// <summary>Whether the site counts as dead from now on.</summary>
    public bool OnTrouble(DateTimeOffset now) => Apply(window.OnTrouble(now), now);

    /// <summary>Whether the site counts as dead from now on.</summary>
    public bool OnConnectionRefused(int inUse, DateTimeOffset now) => Apply(window.OnRefused(inUse, now), now);

    bool Apply(SiteWindow next, DateTimeOffset now)
    {
        var died = next.DeadUntil > now && !(window.DeadUntil > now);
        window = next;
        if (died) ramp = ReleaseRamp.Stopped;
        return died;
    }

    void Settle(DateTimeOffset now)
    {
        var limit = RateLimit.Slower(limits.Rate, RateLimit.Slower(Reactions.EffectAt(now).Rate, rate.Limit));
        if (limit is null) bucket = null;
        else if (bucket is null) bucket = new TokenBucket(limit, now);
        else if (bucket.Limit != limit) bucket.Change(limit, now);
    }
}

/// <summary>The connections to the site.</summary>
sealed class SimulatedSessions(SiteLimits limits)
{
    readonly List<(int Sent, DateTimeOffset Since)> idle = [];

    public int Connecting { get; set; }

    public int Talking { get; set; }

    /// <summary>Connections that the site sees.</summary>
    public int Open => Talking + idle.Count;

    /// <summary>With those on their way.</summary>
    public int InUse => Open + Connecting;

    public int Busy => Talking + Connecting;

    /// <summary>A connection became free after so many messages.</summary>
    public void Add(int sent, DateTimeOffset now)
    {
        if (sent < limits.MessagesPerConnection) idle.Add((sent, now));
    }

    public bool TryTake(DateTimeOffset now, out int sent)
    {
        idle.RemoveAll(session => now - session.Since > limits.ConnectionIdle);
        sent = idle.Count == 0 ? 0 : idle[^1].Sent;
        if (idle.Count == 0) return false;
        idle.RemoveAt(idle.Count - 1);
        return true;
    }
}
