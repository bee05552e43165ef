using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Grains.Domains;

/// <summary>What this site shares with others: limits of tenants, campaigns, the source address, and the provider's sessions.</summary>
sealed partial class DomainGrain
{
    SiteBudgets _budgets = null!;
    DateTimeOffset _leftSourceAt;

    static readonly TimeSpan LeastStay = TimeSpan.FromSeconds(2);

    int OpenLimit => _budgets.SessionCap(_window.OpenLimit);

    SiteBudgets NewBudgets() => new(shared, Site, _queue, new SiteBudgetHooks(
        Waiting: () => _places.Values.Where(place => place.IsQueued).Select(place => place.Item),
        OpenSessions: () => _leases.Count,
        Window: () => _window.OpenLimit,
        Changed: () => OfferWork(clock.GetUtcNow()),
        LookAgainAt: time => LookAgainAt(time, clock.GetUtcNow()),
        MostOfOne: () => Math.Max(1, shaping.Sites.MaxQueued / 4),
        SendAway: SendAway,
        PlaceAgain: PlaceAgain));

    void PlaceAgain()
    {
        foreach (var (key, place) in _places.ToList())
        {
            var flow = _budgets.KeyOf(place.Item);
            if (place.IsQueued && place.Domain != flow.Domain && _queue.Remove(place)) _places[key] = _queue.Enqueue(flow, place.Item.Priority, place.Since, place.Item);
        }
    }

    void SendAway(FairKey flow, Func<Ticket, AwayTicket> away)
    {
        var tickets = _queue.RemoveWhere(flow);
        foreach (var ticket in tickets)
        {
            MailInstruments.Queued.Add(-1);
            _places.Remove((ticket.Message, ticket.Destination));
            _budgets.Left(ticket);
        }

        if (tickets.Count > 0) _ = dispatcher.SendAwayAsync(Site, [.. tickets.Select(away)]);
    }

    /// <summary>What keeps a ticket here that so many go before.</summary>
    PlaceHold[] Holds(int ahead, DateTimeOffset now)
    {
        var holds = new List<PlaceHold>();
        if (_leases.Count >= OpenLimit)
            holds.Add(OpenLimit < _window.OpenLimit
                ? PlaceHold.Sessions(PlaceHoldKind.ProviderSessions, _pace.Limits.Provider!, _pace.Limits.ProviderMaxSessions!.Value)
                : PlaceHold.Sessions(PlaceHoldKind.SiteSessions, "", _leases.Count));
        else if (_leases.Count == 0 && _pace.NextConnectionAt(now) is { } next && next > now)
            holds.Add(new PlaceHold(PlaceHoldKind.SiteConnections, $"{_pace.Limits.ConnectionRate}", next, next - now));
        if (_pace.HoldAt(ahead, now) is { } pace) holds.Add(pace);
        if (_budgets.SourceHold(ahead, now) is { } source) holds.Add(source);
        return [.. holds];
    }

    void LookAtBudgets() => _budgets.Look(_pace.Limits.ProviderMaxSessions is null ? null : _pace.Limits.Provider);

    // The mail had better leave from another address: which, is chosen anew. Not all the time: the other's silo may know better.
    bool LeaveUsedUpSource(DateTimeOffset now)
    {
        if (!_budgets.IsSourceUsedUp) return false;
        if (now - _leftSourceAt < LeastStay)
        {
            LookAgainAt(_leftSourceAt + LeastStay, now);
            return false;
        }

        _leftSourceAt = now;
        var tickets = Take(int.MaxValue, now);
        if (tickets.Length > 0) _ = dispatcher.SendAgainAsync(Site, tickets);
        return true;
    }
}
