using Microsoft.Extensions.Logging;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Domains;

/// <summary>Sessions: who holds a lease, what each gets to do, and what the site is taken for after each report.</summary>
sealed partial class DomainGrain
{
    // Tickets that hear of a final failure in one answer.
    const int SmallBatch = 64;

    readonly Dictionary<Guid, Lease> _leases = [];
    IGrainTimer? _paceTimer;
    DateTimeOffset _paceAt;

    public Task<SessionOrders> NextAsync(SessionReport report)
    {
        var now = clock.GetUtcNow();
        Obey(now);
        Learn(report, now);
        // A lease is renewed by calling; a new activation adopts whoever calls, up to the window.
        var isNew = !_leases.Remove(report.Session, out var last);
        DropExpiredLeases(now);
        if (last.IsMoved)
        {
            // It ends once what it has begun is sent.
            _leases[report.Session] = last with { Expires = now + shaping.Sites.LeaseTime, UnderWay = Math.Max(0, last.UnderWay - report.Finished.Length) };
            return Task.FromResult(new SessionOrders([], Close: true, null, null));
        }

        if (BlockedUntil(now) is not null || _leases.Count >= OpenLimit) return Task.FromResult(new SessionOrders([], Close: true, null, null));
        // A new session dials next.
        if (isNew && !report.IsConnected && _queue.Count > 0 && !_pace.TakeConnection(now)) return Task.FromResult(new SessionOrders([], Close: true, null, null));
        var tickets = TakeAtPace(report.Session, report.Want, now);
        var underWay = Math.Max(0, last.UnderWay - report.Finished.Length) + tickets.Length;
        _leases[report.Session] = new Lease(now + shaping.Sites.LeaseTime, report.IsConnected, underWay);
        if (report.IsConnected && !last.IsConnected) _refused.OnTalking(Talking(now));
        if (_queue.Count > 0) OfferWork(now);
        return Task.FromResult(new SessionOrders(tickets, Close: false, _queue.ReadyCount > 0 ? _destination : null, _pace.Terms with { PacedWait = PacedWait }));
    }

    public Task ReleaseAsync(SessionReport report)
    {
        var now = clock.GetUtcNow();
        Learn(report, now);
        if (_leases.Remove(report.Session, out var last) && last.IsConnected) _refused.OnParted(now);
        _budgets.Ended(report.Session);
        OfferWork(now);
        return Task.CompletedTask;
    }

    Ticket[] TakeAtPace(Guid session, int want, DateTimeOffset now)
    {
        want = _budgets.Cap(Math.Min(want, _queue.ReadyCount));
        var granted = _pace.Take(want, now);
        var tickets = Take(granted, now, session);
        if (tickets.Length < granted) _pace.GiveBack(granted - tickets.Length);
        return tickets;
    }

    void Learn(SessionReport report, DateTimeOffset now)
    {
        foreach (var finished in report.Finished)
        {
            _drain.Count(now);
            _budgets.Finished(report.Session, finished);
            if (finished.Result is TicketResult.Void)
            {
                _pace.GiveBack(1);
                continue;
            }

            var wasAlone = _window.DeadUntil is not null;
            _window = finished.Result is TicketResult.Talked ? _window.OnSuccess(now, _leases.Count) : _window.OnTrouble(now);
            React(_pace.Learn(finished.Result, finished.News, now), now);
            LearnRecovery(finished, wasAlone, now);
        }

        LeaveAloneIfBlocked(now);
    }

    void React(IReadOnlyList<Reaction> fired, DateTimeOffset now)
    {
        if (fired.Count == 0) return;
        foreach (var reaction in fired)
        {
            LogReaction(Site, reaction.RuleId, reaction.Cause, reaction.Count, reaction.Until);
            _orders.Publish(reaction);
        }

        _window = _window.Within(_pace.WindowOptions(now));
    }

    // Sessions are opened by the engine; here only their number is decided.
    void OfferWork(DateTimeOffset now)
    {
        LookAtBudgets();
        LearnRefused(now);
        if (_queue.Count == 0) return;
        if (BlockedUntil(now) is not null)
        {
            LeaveAloneIfBlocked(now);
            return;
        }

        if (LeaveUsedUpSource(now)) return;
        DropExpiredLeases(now);
        var next = _pace.NextAt(now);
        if (next > now)
        {
            LookAgainAt(next, now);
            // Who is to send at the next moment may look for its host until then.
            if (_leases.Count > 0) return;
        }

        // With every lease taken a new session would be sent away, and its leaving would ask for the next one.
        engine.Offer(Site, _queue.ReadyCount, SessionLimit(now));
    }

    int SessionLimit(DateTimeOffset now)
    {
        var limit = _leases.Count < OpenLimit ? OpenLimit : 0;
        if (limit > 0 && _refused.OpensAt(OpenLimit - _leases.Count, now) is { } opens)
        {
            LookAgainAt(opens, now);
            return 0;
        }

        limit = Math.Max(0, limit - _refused.Lingering(now));
        if (limit == 0 || _pace.NextConnectionAt(now) is not { } next) return limit;
        if (next <= now) return Math.Min(limit, _leases.Count + 1);
        LookAgainAt(next, now);
        return 0;
    }

    // The pace, or somebody's quota, lets nobody go before.
    void LookAgainAt(DateTimeOffset time, DateTimeOffset now)
    {
        if (_paceTimer is not null && time >= _paceAt) return;
        _paceTimer?.Dispose();
        _paceAt = time;
        var wait = time - now;
        if (wait > Heartbeat) wait = Heartbeat;
        if (wait < TimeSpan.Zero) wait = TimeSpan.Zero;
        _paceTimer = this.RegisterGrainTimer(static (self, _) => self.PaceAsync(), this, new() { DueTime = wait, Period = Timeout.InfiniteTimeSpan, KeepAlive = true });
    }

    Task PaceAsync()
    {
        _paceTimer?.Dispose();
        _paceTimer = null;
        OfferWork(clock.GetUtcNow());
        return Task.CompletedTask;
    }

    void DropExpiredLeases(DateTimeOffset now)
    {
        foreach (var (session, lease) in _leases)
            if (lease.Expires <= now)
            {
                _leases.Remove(session);
                _budgets.Ended(session);
            }
    }

    // Tickets in the hands of sessions: an idle one keeps its lease, and holds nobody back.
    int UnderWay => _leases.Values.Sum(lease => lease.UnderWay);

    /// <summary>A session's right to talk to the site.</summary>
    /// <param name="Expires">When it is over, unless the session calls.</param>
    /// <param name="IsConnected">Whether the session has found a host.</param>
    /// <param name="UnderWay">Tickets in its hands.</param>
    /// <param name="IsMoved">Whether the site has moved since: the session is to end.</param>
    [GenerateSerializer, Immutable, Alias("mail.v1.Lease")]
    internal readonly record struct Lease([property: Id(0)] DateTimeOffset Expires, [property: Id(1)] bool IsConnected, [property: Id(2)] int UnderWay, [property: Id(3)] bool IsMoved = false);

    [LoggerMessage(1402, LogLevel.Warning, "{Site}: rule {Rule} reacts to {Cause}, seen {Count} times, until {Until}.")]
    partial void LogReaction(string site, string rule, string cause, int count, DateTimeOffset until);
}
