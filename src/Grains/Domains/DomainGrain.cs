using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Placement;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Sites;
using Orleans.Placement;

namespace Orleans.Mail.Grains.Domains;

/// <summary>
/// One receiving site: queue, window, pace, leases. Memory only: it may end at any time and lose nothing but time, since every message
/// knows its own state, the spool knows who waits for the site, and sweeps. This file is the queue; sessions, recovery and moving are in the other parts.
/// </summary>
[GrainType("mail-domain"), HashBasedPlacement, CollectionAgeLimit(Minutes = 5)]
sealed partial class DomainGrain(
    SiteShaping shaping,
    DeliveryEngine engine,
    TicketDispatcher dispatcher,
    SpoolShards shards,
    StandingOrders orders,
    RoutingTable routes,
    BudgetServices shared,
    ClusterView cluster,
    [FromKeyedServices(MailClocks.Service)] TimeProvider clock,
    ILogger<DomainGrain> log) : Grain, IDomainGrain, IGrainMigrationParticipant
{
    static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    readonly FairQueue<Ticket> _queue = new(shared.Table.WeightOf);

    // A message has one ticket for a destination in the queue, however often it asks.
    readonly Dictionary<(MessageId, string), FairTicket<Ticket>> _places = [];

    readonly DrainRate _drain = new();
    SitePace _pace = null!;
    SiteOrders _orders = null!;
    SiteWindow _window = null!;

    // What came last: any of the queue will do to find a host of the site.
    string? _destination;
    DateTimeOffset _promised;

    string Site => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // An order may limit what is sent here.
        await orders.ReadyAsync().WaitAsync(cancellationToken);
        _pace = new SitePace(shaping, SitePath.Parse(Site).Site);
        if (_learnedBefore is { } learned) _pace.Continue(learned, clock.GetUtcNow());
        _pace.Refresh([]);
        _orders = new SiteOrders(orders, GrainFactory, Whose);
        _window = new SiteWindow(_pace.WindowOptions(clock.GetUtcNow()));
        _budgets = NewBudgets();
        this.RegisterGrainTimer(static (self, _) => self.LookAroundAsync(), this, new() { DueTime = Heartbeat, Period = Heartbeat });
        WatchChanges();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        MailInstruments.Queued.Add(-_queue.Count);
        if (reason.ReasonCode is DeactivationReasonCode.Migrating) SendQueueAfter();
        ForgetChanges();
        _budgets.Stop();
        return Task.CompletedTask;
    }

    // A session that ended without a word leaves its lease to expire; with a queue and nobody calling, this goes on.
    Task LookAroundAsync()
    {
        LookAtBudgets();
        if (MoveIfElsewhere() || _queue.Count == 0) return Task.CompletedTask;
        DelayDeactivation(Heartbeat * 4);
        OfferWork(clock.GetUtcNow());
        return Task.CompletedTask;
    }

    public Task<EnqueueAnswer> EnqueueAsync(Ticket[] tickets, string[] hosts)
    {
        var now = clock.GetUtcNow();
        _isAwaitingProbe = false;
        _pace.Refresh(hosts);
        Obey(now);
        if (BlockedUntil(now) is { } until)
        {
            // Whoever waits for the site is released by this grain: it stays until there is something to release.
            LookAfter(until, now);
            return Task.FromResult(new EnqueueAnswer(0, _queue.Count, until, TimeSpan.Zero, IsDead: true, IsDown: _window.DeadUntil > now));
        }

        var taken = 0;
        List<AwayTicket>? sentAway = null;
        foreach (var ticket in tickets)
        {
            if (TryMove(ticket))
            {
                taken++;
                continue;
            }

            if (_queue.Count >= shaping.Sites.MaxQueued) break;
            taken++;
            if (_budgets.SentAway(ticket) is { } away)
            {
                (sentAway ??= []).Add(away);
                continue;
            }

            _places[(ticket.Message, ticket.Destination)] = _queue.Enqueue(_budgets.KeyOf(ticket), ticket.Priority, now, ticket);
            MailInstruments.Queued.Add(1);
            _destination = ticket.Destination;
            _budgets.Queued(ticket);
        }

        if (sentAway is not null) _ = dispatcher.SendAwayAsync(Site, sentAway);
        OfferWork(now);
        return Task.FromResult(taken == tickets.Length
            ? new EnqueueAnswer(taken, _queue.Count, null, TimeSpan.Zero, IsDead: false)
            : Busy(taken, tickets.Length - taken, now));
    }

    /// <summary>False when it does not stand here. Of another priority than it came with, it changes its lane and keeps its age.</summary>
    bool TryMove(Ticket ticket)
    {
        if (!_places.TryGetValue((ticket.Message, ticket.Destination), out var place)) return false;
        if (place.Item.Priority == ticket.Priority || !_queue.Remove(place)) return true;
        _places[(ticket.Message, ticket.Destination)] = _queue.Enqueue(_budgets.KeyOf(ticket), ticket.Priority, place.Since, ticket);
        return true;
    }

    public Task<TicketPlace> LocateAsync(MessageId message, string destination)
    {
        var now = clock.GetUtcNow();
        var ahead = _places.TryGetValue((message, destination), out var place) && place.IsQueued ? _queue.Ahead(place, now) : -1;
        var pace = _drain.PerSecond(now);
        return Task.FromResult(new TicketPlace(ahead, _queue.Count, pace, _window.DeadUntil > now ? _window.DeadUntil : null, SuspendedUntil(now), SuspendedFor(now), ahead < 0 ? [] : Holds(ahead, now)));
    }

    /// <summary>Until when no session may be opened: the site is dead, or left alone for its answers or by order. Null where one may.</summary>
    DateTimeOffset? BlockedUntil(DateTimeOffset now)
    {
        var dead = _window.DeadUntil > now ? _window.DeadUntil : null;
        var suspended = SuspendedUntil(now);
        return suspended > dead || dead is null ? suspended : dead;
    }

    DateTimeOffset? SuspendedUntil(DateTimeOffset now)
    {
        var reaction = _pace.SuspendedUntil(now);
        // One without an end is looked at again and again: its revocation is told to nobody in particular.
        var order = _orders.Suspension(now) is { } standing ? standing.Until ?? now + Heartbeat : (DateTimeOffset?)null;
        return order > reaction || reaction is null ? order : reaction;
    }

    string? SuspendedFor(DateTimeOffset now) =>
        _orders.Suspension(now)?.Reason ?? _pace.Reactions(now).FirstOrDefault(reaction => reaction.Effect.Suspend)?.Cause;

    Ticket[] Take(int count, DateTimeOffset now, Guid? session = null)
    {
        if (count == 0) return [];
        var tickets = new List<Ticket>(Math.Min(count, _queue.Count));
        while (tickets.Count < count && _queue.TryDequeue(now, out var ticket))
        {
            MailInstruments.Queued.Add(-1);
            _places.Remove((ticket.Message, ticket.Destination));
            tickets.Add(ticket);
            if (session is { } taker) _budgets.Taken(taker, ticket);
            else _budgets.Left(ticket);
            if (Sabotage.DoubleTickets) tickets.Add(ticket);
        }

        return [.. tickets];
    }

    // Out of turn, since nobody else may have theirs; and another destination is then the one to find a host for.
    Ticket[] TakeOf(string destination, int most)
    {
        var places = _places.Values.Where(place => place.Item.Destination == destination && place.IsQueued).Take(most).ToArray();
        foreach (var place in places)
        {
            _queue.Remove(place);
            MailInstruments.Queued.Add(-1);
            _places.Remove((place.Item.Message, destination));
            _budgets.Left(place.Item);
        }

        _destination = _places.Values.FirstOrDefault(place => place.IsQueued)?.Item.Destination;
        return [.. places.Select(place => place.Item)];
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
}
