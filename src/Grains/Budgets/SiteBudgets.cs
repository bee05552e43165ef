using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>
/// The shared limits at one site: part of a <see cref="DomainGrain"/>, in its turns. Whose limit is used up is parked in the queue, so that nobody
/// else waits for it. What may go is asked for ahead, and no session ever waits for the answer. Costs nothing where nothing is limited.
/// </summary>
/// <param name="services">What all sites of the silo share.</param>
/// <param name="site">The site.</param>
/// <param name="queue">Its queue.</param>
/// <param name="hooks">What the grain does for it.</param>
sealed partial class SiteBudgets(BudgetServices services, string site, FairQueue<Ticket> queue, SiteBudgetHooks hooks)
{
    readonly string _holder = $"{site}~{Guid.CreateVersion7(services.Clock.GetUtcNow()):N}";
    readonly string? _sourceName = SitePath.Parse(site).Source;
    readonly Dictionary<FairKey, SiteBudget> _flows = [];
    readonly Dictionary<Guid, List<Ticket>> _going = [];
    object _version = services.Table.Version;
    SiteBudget? _source;
    SiteBudget? _provider;
    DateTimeOffset _lookAt = DateTimeOffset.MaxValue;
    bool _hadApart = services.Table.HasApart;
    bool _isStopped;

    /// <summary>Where a ticket stands in the queue.</summary>
    public FairKey KeyOf(in Ticket ticket) => new(ticket.Tenant, ticket.Campaign, DomainOf(ticket));

    /// <summary>When a ticket is to come back that had better not wait here: its limit is used up for long, or much waits for it already. Null for all others.</summary>
    public AwayTicket? SentAway(in Ticket ticket)
    {
        if (services.Table.IsEmpty) return null;
        foreach (var budget in BudgetsOf(ticket))
            if (budget.IsUsedUp(Now) || (budget.Waiting >= hooks.MostOfOne() && !budget.IsFree(Now)))
                return new AwayTicket(ticket, budget.Promise(Now), BudgetKeys.WaitName(budget.Key));
        return null;
    }

    /// <summary>A ticket came into the queue.</summary>
    public void Queued(in Ticket ticket)
    {
        if (services.Table.IsEmpty) return;
        foreach (var budget in BudgetsOf(ticket))
        {
            budget.Waiting++;
            Settle(budget, Now);
        }
    }

    /// <summary>A ticket left the queue, and goes nowhere from here.</summary>
    public void Left(in Ticket ticket)
    {
        if (_flows.Count == 0) return;
        foreach (var budget in BudgetsOf(ticket))
        {
            budget.Waiting--;
            Settle(budget, Now);
        }
    }

    /// <summary>A ticket left the queue for a session.</summary>
    public void Taken(Guid session, in Ticket ticket)
    {
        _source?.Tokens?.Use(Now);
        if (_flows.Count > 0)
            foreach (var budget in BudgetsOf(ticket))
            {
                budget.Waiting--;
                budget.Tokens?.Use(Now);
                if (budget.Share is { } share) share.InUse++;
                Settle(budget, Now);
            }

        if (_flows.Count == 0 && _source is null) return;
        if (!_going.TryGetValue(session, out var going)) _going[session] = going = [];
        going.Add(ticket);
    }

    /// <summary>A session is done with a ticket.</summary>
    public void Finished(Guid session, in FinishedTicket finished)
    {
        if (!_going.TryGetValue(session, out var going)) return;
        var message = finished.Message;
        var index = going.FindIndex(ticket => ticket.Message == message);
        if (index < 0) return;
        var ticket = going[index];
        going.RemoveAt(index);
        if (finished.Result is TicketResult.Void) _source?.Tokens?.GiveBack();
        Free(ticket, isUnused: finished.Result is TicketResult.Void);
    }

    /// <summary>A session ended, or is not heard of any more.</summary>
    public void Ended(Guid session)
    {
        if (!_going.Remove(session, out var going)) return;
        foreach (var ticket in going) Free(ticket, isUnused: false);
    }

    /// <summary>How many of <paramref name="want"/> the source address may send now.</summary>
    public int Cap(int want) => _source is { Tokens: { } tokens } ? Math.Min(want, tokens.Count) : want;

    /// <summary>How many of the sessions that the window allows the provider has left for this site.</summary>
    public int SessionCap(int window) => _provider?.Share is { } share ? Math.Min(window, share.At(Now)) : window;

    /// <summary>How the source address keeps a ticket that so many go before; null where it does not.</summary>
    public PlaceHold? SourceHold(int ahead, DateTimeOffset now)
    {
        if (_source is not { Tokens: { Count: 0, IsAsking: false } tokens } || tokens.AskAt <= now) return null;
        var spread = TimeSpan.FromSeconds(Math.Min(_source.Spacing.TotalSeconds * ahead, 1e8));
        return new PlaceHold(services.Sources.IsWarming(_sourceName!) ? PlaceHoldKind.SourceWarmup : PlaceHoldKind.SourceRate, _sourceName!, tokens.AskAt + spread, spread);
    }

    /// <summary>The source address is used up for a while, and another is not: the mail had better go from there.</summary>
    public bool IsSourceUsedUp => _source?.IsUsedUp(Now) == true && services.Sources.HasOther(_sourceName!);

    /// <summary>Looks after everything that time or configuration changes.</summary>
    /// <param name="provider">Whose site it is, where its sessions are limited together.</param>
    public void Look(string? provider)
    {
        if (!ReferenceEquals(services.Table.Version, _version)) Refresh();
        LookAtSource();
        LookAtProvider(provider);
        if (Now < _lookAt)
        {
            // The grain wakes earlier than a far-off time.
            if (_lookAt < DateTimeOffset.MaxValue) hooks.LookAgainAt(_lookAt);
            return;
        }

        _lookAt = DateTimeOffset.MaxValue;
        foreach (var budget in _flows.Values) Settle(budget, Now);
    }

    /// <summary>The grain is about to go: answers that are under way come to nobody.</summary>
    public void Stop() => _isStopped = true;

    void LookAtSource()
    {
        if (_sourceName is null) return;
        var key = BudgetKeys.OfSource(_sourceName);
        if (!services.Table.LimitOf(key, Now).HasTokens)
        {
            _source = null;
            return;
        }

        _source ??= new SiteBudget(key, null) { Tokens = new HeldTokens(services.Options.BlockTime) };
        _source.Waiting = queue.ReadyCount;
        Settle(_source, Now);
    }

    void LookAtProvider(string? provider)
    {
        var key = provider is null ? null : BudgetKeys.OfProvider(provider, _sourceName);
        if (key is null && _provider is null) return;
        if (_provider?.Key != key) _provider = key is null ? null : new SiteBudget(key, null) { Share = new HeldShare() };
        if (_provider is not { Share: { } share }) return;
        share.InUse = hooks.OpenSessions();
        _provider.Waiting = Math.Max(0, Math.Min(hooks.Window(), share.InUse + queue.ReadyCount) - share.InUse);
        Settle(_provider, Now);
    }

    // What is waiting is counted anew: a limit that is new did not count before. What is under way counts as it did.
    void Refresh()
    {
        _version = services.Table.Version;
        foreach (var budget in _flows.Values) Unpark(budget);
        var before = _flows.ToDictionary();
        _flows.Clear();
        if (_hadApart || services.Table.HasApart) hooks.PlaceAgain();
        _hadApart = services.Table.HasApart;
        foreach (var ticket in services.Table.IsEmpty ? [] : hooks.Waiting())
            foreach (var budget in BudgetsOf(ticket))
                budget.Waiting++;
        foreach (var ticket in _going.Values.SelectMany(going => going))
            foreach (var budget in BudgetsOf(ticket))
                if (budget.Share is { } share)
                    share.InUse++;
        foreach (var (flow, budget) in _flows)
        {
            if (!before.TryGetValue(flow, out var old)) continue;
            if (budget.Tokens is not null) budget.Tokens = old.Tokens ?? budget.Tokens;
            if (budget.Share is not null) budget.Share = old.Share ?? budget.Share;
            budget.Tokens?.AskAgain();
        }

        _source?.Tokens?.AskAgain();
        // Mail that was sent away by the old limit may have met it here after its budget knew better.
        foreach (var old in before.Values)
            if (old.HasSentAway)
                _ = RecallAsync(old);

        _lookAt = DateTimeOffset.MinValue;
    }

    IEnumerable<SiteBudget> BudgetsOf(Ticket ticket)
    {
        if (Find(new FairKey(ticket.Tenant, null)) is { } tenant) yield return tenant;
        if (ticket.Campaign is not null && Find(new FairKey(ticket.Tenant, ticket.Campaign)) is { } campaign) yield return campaign;
        if (DomainOf(ticket) is { } name && Find(FairKey.To(name)) is { } domain) yield return domain;
    }

    string? DomainOf(in Ticket ticket) => Destination.DomainOf(ticket.Destination) is { } domain && services.Table.IsApart(domain) ? domain : null;

    SiteBudget? Find(FairKey flow)
    {
        if (_flows.TryGetValue(flow, out var known)) return known;
        var key = BudgetTable.KeyOf(flow);
        var limit = services.Table.LimitOf(key, Now);
        if (!limit.HasTokens && limit.MaxConcurrent is null) return null;
        return _flows[flow] = new SiteBudget(key, flow)
        {
            Tokens = limit.HasTokens ? new HeldTokens(services.Options.BlockTime) : null,
            Share = limit.MaxConcurrent is null ? null : new HeldShare(),
        };
    }

    void Free(in Ticket ticket, bool isUnused)
    {
        foreach (var budget in BudgetsOf(ticket))
        {
            if (budget.Share is { InUse: > 0 } share) share.InUse--;
            if (isUnused) budget.Tokens?.GiveBack();
            Settle(budget, Now);
        }
    }

    DateTimeOffset Now => services.Clock.GetUtcNow();
}
