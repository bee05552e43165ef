using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Sites;
using Orleans.Placement;

namespace Orleans.Mail.Grains.Domains;

/// <summary>
/// One receiving site: queue, window, leases. Memory only: it may end at any time and lose nothing but time, since every message
/// knows its own state and the spool sweeps.
/// </summary>
[GrainType("mail-domain"), PreferLocalPlacement, CollectionAgeLimit(Minutes = 5)]
sealed partial class DomainGrain(
    IOptions<SiteOptions> options,
    DeliveryEngine engine,
    [FromKeyedServices(MailClocks.Service)] TimeProvider clock,
    ILogger<DomainGrain> log) : Grain, IDomainGrain
{
    readonly FairQueue<Ticket> _queue = new();

    // A message has one ticket in the queue, however often it asks.
    readonly HashSet<MessageId> _queued = [];

    readonly Dictionary<Guid, DateTimeOffset> _leases = [];
    readonly DrainRate _drain = new();
    SiteWindow _window = null!;
    IGrainTimer? _probe;

    string Site => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        _window = new SiteWindow(new SiteWindowOptions { Initial = settings.InitialSessions, Maximum = settings.MaxSessions, ProbeAfter = settings.ProbeAfter });
        this.RegisterGrainTimer(static (self, _) => self.LookAroundAsync(), this, new() { DueTime = Heartbeat, Period = Heartbeat });
        return Task.CompletedTask;
    }

    static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    // A session that ended without a word leaves its lease to expire; with a queue and nobody calling, this goes on.
    Task LookAroundAsync()
    {
        if (_queue.Count == 0) return Task.CompletedTask;
        DelayDeactivation(Heartbeat * 4);
        OfferWork(clock.GetUtcNow());
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        MailInstruments.Queued.Add(-_queue.Count);
        return Task.CompletedTask;
    }

    public Task<EnqueueAnswer> EnqueueAsync(Ticket[] tickets)
    {
        var now = clock.GetUtcNow();
        var taken = 0;
        foreach (var ticket in tickets)
        {
            if (_queue.Count >= options.Value.MaxQueued) break;
            taken++;
            if (!_queued.Add(ticket.Message)) continue;
            _queue.Enqueue(new FairKey(ticket.Tenant, ticket.Campaign), ticket.Priority, now, ticket);
            MailInstruments.Queued.Add(1);
        }

        OfferWork(now);
        return Task.FromResult(taken == tickets.Length
            ? new EnqueueAnswer(taken, _queue.Count, null, TimeSpan.Zero)
            : Busy(taken, tickets.Length - taken, now));
    }

    public Task<SessionOrders> NextAsync(SessionReport report)
    {
        var now = clock.GetUtcNow();
        Learn(report, now);
        // A lease is renewed by calling; a new activation adopts whoever calls, up to the window.
        _leases.Remove(report.Session);
        DropExpiredLeases(now);
        if (_leases.Count >= _window.OpenLimitAt(now)) return Task.FromResult(new SessionOrders([], Close: true));
        _leases[report.Session] = now + options.Value.LeaseTime;
        var tickets = new List<Ticket>(report.Want);
        while (tickets.Count < report.Want && _queue.TryDequeue(now, out var ticket))
        {
            MailInstruments.Queued.Add(-1);
            _queued.Remove(ticket.Message);
            tickets.Add(ticket);
            if (Sabotage.DoubleTickets) tickets.Add(ticket);
        }

        if (_queue.Count > 0) OfferWork(now);
        return Task.FromResult(new SessionOrders([.. tickets], Close: false));
    }

    public Task ReleaseAsync(SessionReport report)
    {
        var now = clock.GetUtcNow();
        Learn(report, now);
        _leases.Remove(report.Session);
        OfferWork(now);
        return Task.CompletedTask;
    }

    void Learn(SessionReport report, DateTimeOffset now)
    {
        foreach (var finished in report.Finished)
        {
            _drain.Count(now);
            _window = finished.Result switch
            {
                TicketResult.Talked => _window.OnSuccess(now, _leases.Count),
                TicketResult.Trouble => _window.OnTrouble(now),
                _ => _window,
            };
        }
    }

    // Sessions are opened by the engine; here only their number is decided.
    void OfferWork(DateTimeOffset now)
    {
        if (_queue.Count == 0) return;
        DropExpiredLeases(now);
        var limit = _window.OpenLimitAt(now);
        if (limit == 0)
        {
            ProbeLater(now);
            return;
        }

        // With every lease taken a new session would be sent away, and its leaving would ask for the next one.
        engine.Offer(Site, _queue.Count, _leases.Count < limit ? limit : 0);
    }

    // Nobody calls while the site is left alone, so the grain wakes itself.
    void ProbeLater(DateTimeOffset now)
    {
        if (_probe is not null || _window.DeadUntil is not { } until) return;
        LogDead(Site, until);
        _probe = this.RegisterGrainTimer(static (self, _) => self.ProbeAsync(), this, new() { DueTime = until - now, Period = Timeout.InfiniteTimeSpan, KeepAlive = true });
    }

    Task ProbeAsync()
    {
        _probe?.Dispose();
        _probe = null;
        OfferWork(clock.GetUtcNow());
        return Task.CompletedTask;
    }

    void DropExpiredLeases(DateTimeOffset now)
    {
        foreach (var (session, expires) in _leases)
            if (expires <= now)
                _leases.Remove(session);
    }

    // Each refused ticket is promised a moment of its own, at the pace of the queue: nobody comes for nothing, and nobody comes in a herd.
    EnqueueAnswer Busy(int taken, int refused, DateTimeOffset now)
    {
        if (_window.DeadUntil is { } dead && dead > now) return new EnqueueAnswer(taken, _queue.Count, dead, TimeSpan.Zero);
        var pace = _drain.TimePerTicket(now);
        var room = now + Clamp(pace * (_queue.Count / 2), LeastWait, MostWait);
        var start = _promised > room ? _promised : room;
        if (start > now + MostWait) start = now + MostWait;
        _promised = start + pace * refused;
        return new EnqueueAnswer(taken, _queue.Count, start, pace);
    }

    static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;

    static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(2);
    static readonly TimeSpan MostWait = TimeSpan.FromMinutes(15);
    DateTimeOffset _promised;

    [LoggerMessage(1401, LogLevel.Warning, "{Site} could not be talked to; it is left alone until {Until}.")]
    partial void LogDead(string site, DateTimeOffset until);
}
