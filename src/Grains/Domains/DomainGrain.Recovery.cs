using Microsoft.Extensions.Logging;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Domains;

/// <summary>
/// Failure and recovery. A site that cannot be talked to is left alone, and its mail waits outside memory; one message at a time finds out
/// whether it talks again. When it does, all that waits is released: 1, 2, 4, … as long as the site takes it.
/// </summary>
sealed partial class DomainGrain
{
    static readonly TimeSpan ReleasePeriod = TimeSpan.FromMilliseconds(100);

    // A new activation does not know whether something waits: the first message that the site takes makes it look.
    bool _mayWait = true;
    // All that waited was released, and some of it still stands in the queue.
    bool _isDraining;
    ReleaseRamp _ramp = ReleaseRamp.Stopped;
    SiteRelease? _release;
    IGrainTimer? _releaseTimer;
    IGrainTimer? _probe;

    // A message was woken to probe the site, and has not come yet.
    bool _isAwaitingProbe;
    IGrainTimer? _awaiting;
    DateTimeOffset _leftAloneUntil;

    // The site's pace is what keeps it from being called too fast again: a backoff of minutes on top would only make the last ones late.
    TimeSpan? PacedWait => _release is not null || _isDraining ? ReleaseRamp.RetryAfter : null;

    void LearnRecovery(FinishedTicket finished, bool wasAlone, DateTimeOffset now)
    {
        if (finished.Result is TicketResult.Trouble)
        {
            _mayWait = true;
            if (_window.DeadUntil > now) StopRelease();
            return;
        }

        _isDraining &= _queue.Count > 0;
        if (finished.News?.Category == Categories.RateLimited) _ramp = _ramp.OnRefused();
        else if (_release is not null) _ramp = _ramp.OnAccepted();
        if (_release is null && (wasAlone || _mayWait)) StartRelease();
    }

    void StartRelease()
    {
        _mayWait = false;
        _release = new SiteRelease(GrainFactory, Site, shards.Count);
        _ramp = ReleaseRamp.Stopped.OnAccepted();
        // Interleaves: waking messages takes long, and sessions must not wait for it.
        _releaseTimer = this.RegisterGrainTimer(static (self, _) => self.ReleaseSomeAsync(), this, new() { DueTime = TimeSpan.Zero, Period = ReleasePeriod, KeepAlive = true, Interleave = true });
    }

    // What was not released stays in the index, and is found by the next recovery.
    void StopRelease()
    {
        _release = null;
        _isDraining = false;
        _ramp = _ramp.OnFailure();
        _releaseTimer?.Dispose();
        _releaseTimer = null;
    }

    async Task ReleaseSomeAsync()
    {
        if (_release is not { } release) return;
        var now = clock.GetUtcNow();
        if (BlockedUntil(now) is not null)
        {
            _mayWait = true;
            StopRelease();
            return;
        }

        // Enough for the sessions until the next look, and no more: what is released too early would stand in the queue of a site that fails again.
        var window = Math.Max(_window.OpenLimit * engine.Prefetch, (int)(_drain.PerSecond(now) * ReleaseAhead.TotalSeconds));
        var count = _ramp.ReleaseNow(_queue.ReadyCount + UnderWay, Math.Max(window, 1));
        if (count == 0) return;
        if (await release.WakeAsync(count) > 0) return;
        if (!ReferenceEquals(release, _release)) return;
        StopRelease();
        _isDraining = true;
    }

    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);
    static readonly TimeSpan ReleaseAhead = TimeSpan.FromSeconds(1);

    /// <summary>Nobody can be talked to here for a while: mail that has another way takes it, the rest waits outside memory.</summary>
    void LeaveAloneIfBlocked(DateTimeOffset now)
    {
        if (BlockedUntil(now) is not { } until) return;
        _mayWait = true;
        if (_leftAloneUntil != until) LogLeftAlone(Site, until);
        _leftAloneUntil = until;
        StopRelease();
        var tickets = Take(int.MaxValue, now);
        if (tickets.Length > 0) _ = dispatcher.ReturnAsync(Site, tickets, until, isDown: _window.DeadUntil > now);
        LookAfter(until, now);
    }

    // Nobody calls while the site is left alone, so the grain wakes itself.
    void LookAfter(DateTimeOffset until, DateTimeOffset now)
    {
        if (_probe is not null) return;
        // An order may be revoked, or a reaction ended, before its time.
        var wait = until - now < Heartbeat || _window.DeadUntil >= until ? until - now : LookAgain;
        DelayDeactivation(until - now + Heartbeat);
        _probe = this.RegisterGrainTimer(static (self, _) => self.ProbeAsync(), this, new() { DueTime = wait, Period = Timeout.InfiniteTimeSpan, KeepAlive = true, Interleave = true });
    }

    async Task ProbeAsync()
    {
        _probe?.Dispose();
        _probe = null;
        var now = clock.GetUtcNow();
        Obey(now);
        if (BlockedUntil(now) is { } until)
        {
            LookAfter(until, now);
            return;
        }

        if (_queue.Count > 0) OfferWork(now);
        else await ProbeByOneAsync();
    }

    async Task ProbeByOneAsync()
    {
        _isAwaitingProbe = true;
        if (!await new SiteRelease(GrainFactory, Site, shards.Count).ProbeAsync()) return;
        _awaiting?.Dispose();
        _awaiting = this.RegisterGrainTimer(static (self, _) => self.MissProbeAsync(), this, new() { DueTime = LookAgain, Period = Timeout.InfiniteTimeSpan, KeepAlive = true, Interleave = true });
    }

    // The message that was to probe need not come: its domain has other hosts now, an order or its sender's hours hold it, its time is over. That says nothing
    // of this site, and nobody else would try it: the others are let go one by one, until one of them comes and finds out.
    Task MissProbeAsync()
    {
        _awaiting?.Dispose();
        _awaiting = null;
        if (_isAwaitingProbe && _release is null && BlockedUntil(clock.GetUtcNow()) is null) StartRelease();
        return Task.CompletedTask;
    }

    [LoggerMessage(1401, LogLevel.Warning, "{Site} is left alone until {Until}; its mail waits.")]
    partial void LogLeftAlone(string site, DateTimeOffset until);
}
