using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>
/// Carries tickets from message grains to domain grains: finds the site of each, and sends many in one call; while a call to a site is under way,
/// further tickets of that site gather for the next. A ticket that is lost here costs time, not mail: the sweep finds its message.
/// </summary>
sealed partial class TicketDispatcher(IGrainFactory grains, SiteFinder finder, RelayHealth health, TimeProvider clock, ILogger<TicketDispatcher> log)
{
    // Sites with a sender running; removed when nothing gathers any more.
    readonly ConcurrentDictionary<string, Gathering> _sites = new();

    // Sites with a long queue at the last call.
    readonly ConcurrentDictionary<string, bool> _long = new();

    public void Send(Ticket ticket)
    {
        var finding = finder.FindAsync(ticket, CancellationToken.None);
        if (finding.IsCompletedSuccessfully) SendTo(finding.Result, ticket);
        else _ = SendWhenFoundAsync(finding.AsTask(), ticket);
    }

    async Task SendWhenFoundAsync(Task<FoundSite?> finding, Ticket ticket)
    {
        try
        {
            SendTo(await finding.ConfigureAwait(false), ticket);
        }
        catch (Exception exception)
        {
            LogLost(ticket.Destination, 1, exception);
        }
    }

    void SendTo(FoundSite? found, Ticket ticket)
    {
        if (found is { } site) Send(site, ticket);
        else _ = SendAwayAsync(ticket.Destination, [new AwayTicket(ticket, clock.GetUtcNow() + LookAgain)]);
    }

    // The way was taken out of the configuration: the message chooses another at once, unless its silo has not heard of it yet.
    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    void Send(FoundSite found, Ticket ticket)
    {
        var site = found.Path.ToString();
        while (true)
        {
            var gathering = _sites.GetOrAdd(site, static _ => new Gathering());
            switch (gathering.Add(ticket, found.Hosts))
            {
                case AddResult.Added: return;
                case AddResult.AddedFirst:
                    _ = SendAsync(site, gathering);
                    return;
                case AddResult.Closed: continue;
            }
        }
    }

    /// <summary>Whether so many tickets stand in front of a destination's site that a message had better wait outside memory, as of the last call.</summary>
    public bool IsLong(string destination) => !_long.IsEmpty && finder.PathsOf(destination).Any(_long.ContainsKey);

    const int LongQueue = 20_000;

    async Task SendAsync(string site, Gathering gathering)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (gathering.Take() is { Length: > 0 } tickets)
        {
            try
            {
                var answer = await EnqueueAsync(site, tickets, gathering).ConfigureAwait(false);
                if (answer.Queued > LongQueue) _long[site] = true;
                else _long.TryRemove(site, out _);
                if (!answer.IsDead) health.Alive(site);
                if (answer.BusyUntil is not { } until) continue;
                if (answer.IsDead) await ReturnAsync(site, tickets[answer.Taken..], until, answer.IsDown).ConfigureAwait(false);
                else await PostponeAsync(tickets.AsMemory(answer.Taken), until, answer.Spacing, null).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                LogLost(site, tickets.Length, exception);
            }
        }

        _sites.TryRemove(KeyValuePair.Create(site, gathering));
    }

    // The site's silo may just be ending: the next one has it in seconds, the sweep would take minutes.
    async Task<EnqueueAnswer> EnqueueAsync(string site, Ticket[] tickets, Gathering gathering)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await grains.GetGrain<IDomainGrain>(site).EnqueueAsync(tickets, gathering.Hosts).ConfigureAwait(false);
            }
            catch (Exception exception) when (tries < MostTries && PassingTrouble.Is(exception))
            {
                await Task.Delay(TryAgain * tries, clock).ConfigureAwait(false);
            }
        }
    }

    const int MostTries = 8;
    static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    /// <summary>A site that cannot be talked to gives tickets back: they go another way where there is one, and else wait for its recovery.</summary>
    /// <param name="site">The site.</param>
    /// <param name="tickets">What stood in its queue.</param>
    /// <param name="deadUntil">When it is tried again.</param>
    /// <param name="isDown">Whether it could not be talked to, which is told as a deferral; else it is left alone by order.</param>
    public async Task ReturnAsync(string site, Ticket[] tickets, DateTimeOffset deadUntil, bool isDown)
    {
        health.Dead(site, deadUntil);
        try
        {
            await LeadAroundAsync(site, tickets, deadUntil, isDown).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogLost(site, tickets.Length, exception);
        }
    }

    async Task LeadAroundAsync(string site, Ticket[] tickets, DateTimeOffset deadUntil, bool isDown)
    {
        var waiting = new List<Ticket>();
        foreach (var ticket in tickets)
        {
            var found = await finder.FindAsync(ticket, CancellationToken.None).ConfigureAwait(false);
            var path = found?.Path.ToString();
            if (path is null || (path != site && !health.IsDead(path))) SendTo(found, ticket);
            else waiting.Add(ticket);
        }

        await PostponeAsync(waiting.ToArray(), deadUntil, TimeSpan.Zero, site, isDown).ConfigureAwait(false);
    }

    /// <summary>Chooses the source address anew for tickets of one that is used up.</summary>
    public async Task SendAgainAsync(string site, Ticket[] tickets)
    {
        try
        {
            foreach (var ticket in tickets) SendTo(await finder.FindAsync(ticket, CancellationToken.None).ConfigureAwait(false), ticket);
        }
        catch (Exception exception)
        {
            LogLost(site, tickets.Length, exception);
        }
    }

    /// <summary>Tickets whose tenant, campaign or domain has used up its limit: each comes back at its time, or when the limit is raised.</summary>
    public async Task SendAwayAsync(string site, IReadOnlyList<AwayTicket> tickets)
    {
        try
        {
            foreach (var some in tickets.Chunk(AtOnce))
                await Task.WhenAll(some.Select(one => PostponeAsync(one.Ticket, one.ComesBack, one.WaitsFor, isDown: false))).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogLost(site, tickets.Count, exception);
        }
    }

    async Task PostponeAsync(ReadOnlyMemory<Ticket> refused, DateTimeOffset until, TimeSpan spacing, string? waitsFor, bool isDown = false)
    {
        var now = clock.GetUtcNow();
        for (var i = 0; i < refused.Length; i += AtOnce)
        {
            var first = i;
            await Task.WhenAll(refused.Slice(i, Math.Min(AtOnce, refused.Length - i)).ToArray().Select((ticket, j) =>
                PostponeAsync(ticket, waitsFor is null ? until + spacing * (first + j) : Wait.ForRecovery(until, ticket.AcceptedAt, now), waitsFor, isDown))).ConfigureAwait(false);
        }
    }

    // Messages that are told something side by side.
    const int AtOnce = 64;

    // One message that cannot be told must not leave thousands to the sweep.
    async Task PostponeAsync(Ticket ticket, DateTimeOffset until, string? waitsFor, bool isDown)
    {
        try
        {
            await grains.GetGrain<IMessageDeliveryGrain>(ticket.Message.ToString()).PostponeAsync(ticket.Destination, until, waitsFor, isDown).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogLost(ticket.Destination, 1, exception);
        }
    }

    [LoggerMessage(1301, LogLevel.Warning, "{Count} tickets for {Site} could not be queued; the sweep looks after them.")]
    partial void LogLost(string site, int count, Exception exception);

    // A queue may be long, a call must not.
    const int MostInACall = 5_000;

    enum AddResult { Added, AddedFirst, Closed }

    sealed class Gathering
    {
        readonly Lock _lock = new();
        readonly Queue<Ticket> _tickets = new();
        bool _isSending;
        bool _isClosed;

        /// <summary>The hosts that the last ticket was told of.</summary>
        public string[] Hosts { get; private set; } = [];

        public AddResult Add(Ticket ticket, string[] hosts)
        {
            lock (_lock)
            {
                Hosts = hosts;
                if (_isClosed) return AddResult.Closed;
                _tickets.Enqueue(ticket);
                if (_isSending) return AddResult.Added;
                _isSending = true;
                return AddResult.AddedFirst;
            }
        }

        public Ticket[] Take()
        {
            lock (_lock)
            {
                var taken = new Ticket[Math.Min(_tickets.Count, MostInACall)];
                for (var i = 0; i < taken.Length; i++) taken[i] = _tickets.Dequeue();
                _isClosed = taken.Length == 0;
                return taken;
            }
        }
    }
}
