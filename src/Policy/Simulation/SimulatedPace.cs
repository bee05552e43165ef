using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Simulation;

/// <summary>All that decides how much may go to the site now, put together as the domain grain does.</summary>
sealed class SimulatedPace(SimulatedPolicy policy, SiteLimits limits, DateTimeOffset start)
{
    SiteWindow _window = new(new SiteWindowOptions { Initial = limits.InitialSessions, Maximum = limits.MaxSessions, ProbeAfter = limits.ProbeAfter });
    LearnedRate _rate = new();
    ReleaseRamp? _ramp;
    TokenBucket? _bucket = limits.Rate is { } configured ? new TokenBucket(configured, start) : null;

    public ReactionBook Reactions { get; } = new("simulated", policy.AllRules);

    /// <summary>When the next message may go; now or earlier when it may.</summary>
    public DateTimeOffset NextAt(DateTimeOffset now)
    {
        if (Reactions.SuspendedUntil(now) is { } suspended) return suspended;
        if (_window.DeadUntil > now) return _window.DeadUntil.Value;
        Settle(now);
        var next = _bucket?.NextAt(now) ?? now;
        return next > _rate.RestsUntil ? next : _rate.RestsUntil;
    }

    public int SessionLimit(DateTimeOffset now) => Math.Min(_window.OpenLimitAt(now), Reactions.EffectAt(now).MaxSessions ?? int.MaxValue);

    /// <summary>Whether a release after an outage has enough under way.</summary>
    public bool IsFull(int busy, int limit) => _ramp is not null && (_ramp.IsStopped ? busy > 0 : _ramp.ReleaseNow(busy, limit) == 0);

    /// <summary>Whether a site that came back is getting what waited for it.</summary>
    public bool IsReleasing => _ramp is { IsStopped: false };

    /// <summary>Nothing waits any more.</summary>
    public void EndRelease() => _ramp = IsReleasing ? null : _ramp;

    public void OnSend(DateTimeOffset now) => _bucket?.Take(1, now);

    public void OnAnswered(bool tooFast, int inUse, DateTimeOffset now)
    {
        _window = _window.OnSuccess(now, inUse);
        if (tooFast)
        {
            _ramp = _ramp?.OnRefused();
            if (policy.LearnRate) _rate = _rate.OnRefused(now);
            return;
        }

        _ramp = _ramp?.OnAccepted();
        if (policy.LearnRate) _rate = _rate.OnAccepted(now);
    }

    /// <summary>Whether the site counts as dead from now on.</summary>
    public bool OnTrouble(DateTimeOffset now) => Apply(_window.OnTrouble(now), now);

    /// <summary>Whether the site counts as dead from now on.</summary>
    public bool OnConnectionRefused(int inUse, DateTimeOffset now) => Apply(_window.OnRefused(inUse, now), now);

    bool Apply(SiteWindow next, DateTimeOffset now)
    {
        var died = next.DeadUntil > now && !(_window.DeadUntil > now);
        _window = next;
        if (died) _ramp = ReleaseRamp.Stopped;
        return died;
    }

    void Settle(DateTimeOffset now)
    {
        var limit = RateLimit.Slower(limits.Rate, RateLimit.Slower(Reactions.EffectAt(now).Rate, _rate.Limit));
        if (limit is null) _bucket = null;
        else if (_bucket is null) _bucket = new TokenBucket(limit, now);
        else if (_bucket.Limit != limit) _bucket.Change(limit, now);
    }
}

/// <summary>The connections to the site.</summary>
sealed class SimulatedSessions(SiteLimits limits)
{
    readonly List<(int Sent, DateTimeOffset Since)> _idle = [];

    public int Connecting { get; set; }

    public int Talking { get; set; }

    /// <summary>Connections that the site sees.</summary>
    public int Open => Talking + _idle.Count;

    /// <summary>With those on their way.</summary>
    public int InUse => Open + Connecting;

    public int Busy => Talking + Connecting;

    /// <summary>A connection became free after so many messages.</summary>
    public void Add(int sent, DateTimeOffset now)
    {
        if (sent < limits.MessagesPerConnection) _idle.Add((sent, now));
    }

    public bool TryTake(DateTimeOffset now, out int sent)
    {
        _idle.RemoveAll(session => now - session.Since > limits.ConnectionIdle);
        sent = _idle.Count == 0 ? 0 : _idle[^1].Sent;
        if (_idle.Count == 0) return false;
        _idle.RemoveAt(_idle.Count - 1);
        return true;
    }
}
