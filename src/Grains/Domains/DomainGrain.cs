using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Outcomes;
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
    TicketDispatcher dispatcher,
    [FromKeyedServices(MailClocks.Service)] TimeProvider clock,
    ILogger<DomainGrain> log) : Grain, IDomainGrain
{
    readonly FairQueue<Ticket> _queue = new();

    // A message has one ticket for a destination in the queue, however often it asks.
    readonly HashSet<(MessageId, string)> _queued = [];

    readonly Dictionary<Guid, Lease> _leases = [];
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
        if (_window.DeadUntil is { } dead && dead > now) return Task.FromResult(new EnqueueAnswer(0, _queue.Count, dead, TimeSpan.Zero, IsDead: true));
        var taken = 0;
        foreach (var ticket in tickets)
        {
            if (_queue.Count >= options.Value.MaxQueued) break;
            taken++;
            if (!_queued.Add((ticket.Message, ticket.Destination))) continue;
            _queue.Enqueue(new FairKey(ticket.Tenant, ticket.Campaign), ticket.Priority, now, ticket);
            MailInstruments.Queued.Add(1);
            _destination = ticket.Destination;
        }

        OfferWork(now);
        return Task.FromResult(taken == tickets.Length
            ? new EnqueueAnswer(taken, _queue.Count, null, TimeSpan.Zero, IsDead: false)
            : Busy(taken, tickets.Length - taken, now));
    }

    public Task<SessionOrders> NextAsync(SessionReport report)
    {
        var now = clock.GetUtcNow();
        Learn(report, now);
        // A lease is renewed by calling; a new activation adopts whoever calls, up to the window.
        _leases.Remove(report.Session);
        DropExpiredLeases(now);
        if (_leases.Count >= _window.OpenLimitAt(now)) return Task.FromResult(new SessionOrders([], Close: true, null, null));
        _leases[report.Session] = new Lease(now + options.Value.LeaseTime, report.IsConnected);
        var tickets = Take(report.Want, now);
        if (_queue.Count > 0) OfferWork(now);
        return Task.FromResult(new SessionOrders(tickets, Close: false, _queue.Count > 0 ? _destination : null, null));
    }

    public Task<Ticket[]> ConnectFailedAsync(Guid session, Verdict verdict)
    {
        var now = clock.GetUtcNow();
        // Whoever was told once is not told again: one failed connection is the attempt of one message.
        if (!_leases.Remove(session)) return Task.FromResult<Ticket[]>([]);
        if ((OutcomeKind)verdict.Kind is OutcomeKind.Failed)
        {
            // It is so for everyone: each hears it as its own.
            var all = Take(SmallBatch, now);
            if (all.Length > 0) _leases[session] = new Lease(now + options.Value.LeaseTime, IsConnected: false);
            return Task.FromResult(all);
        }

        var talking = _leases.Values.Count(lease => lease.IsConnected && lease.Expires > now);
        _window = talking > 0 ? _window.OnRefused(talking, now) : _window.OnTrouble(now);
        if (talking > 0) return Task.FromResult<Ticket[]>([]);
        var blamed = Take(1, now);
        if (_window.DeadUntil > now) SendAway(_window.DeadUntil.Value);
        return Task.FromResult(blamed);
    }

    const int SmallBatch = 64;

    Ticket[] Take(int count, DateTimeOffset now)
    {
        if (count == 0) return [];
        var tickets = new List<Ticket>(Math.Min(count, _queue.Count));
        while (tickets.Count < count && _queue.TryDequeue(now, out var ticket))
        {
            MailInstruments.Queued.Add(-1);
            _queued.Remove((ticket.Message, ticket.Destination));
            tickets.Add(ticket);
            if (Sabotage.DoubleTickets) tickets.Add(ticket);
        }

        return [.. tickets];
    }

    // Nobody can be talked to here: mail that has another way takes it, the rest waits outside memory for the recovery.
    void SendAway(DateTimeOffset deadUntil)
    {
        LogDead(Site, deadUntil);
        var tickets = Take(int.MaxValue, clock.GetUtcNow());
        if (tickets.Length > 0) _ = dispatcher.ReturnAsync(Site, tickets, deadUntil);
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
        foreach (var (session, lease) in _leases)
            if (lease.Expires <= now)
                _leases.Remove(session);
    }

    // Each refused ticket is promised a moment of its own, at the pace of the queue: nobody comes for nothing, and nobody comes in a herd.
    EnqueueAnswer Busy(int taken, int refused, DateTimeOffset now)
    {
        var pace = _drain.TimePerTicket(now);
        var room = now + Clamp(pace * (_queue.Count / 2), LeastWait, MostWait);
        var start = _promised > room ? _promised : room;
        if (start > now + MostWait) start = now + MostWait;
        _promised = start + pace * refused;
        return new EnqueueAnswer(taken, _queue.Count, start, pace, IsDead: false);
    }

    static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;

    static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(2);
    static readonly TimeSpan MostWait = TimeSpan.FromMinutes(15);
    DateTimeOffset _promised;

    // What came last: any of the queue will do to find a host of the site.
    string? _destination;

    readonly record struct Lease(DateTimeOffset Expires, bool IsConnected);

    [LoggerMessage(1401, LogLevel.Warning, "{Site} could not be talked to; it is left alone until {Until}.")]
    partial void LogDead(string site, DateTimeOffset until);
}
