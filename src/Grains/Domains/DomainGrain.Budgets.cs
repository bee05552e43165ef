using Orleans.Mail.Grains.Budgets;
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
        MostOfOne: Math.Max(1, options.Value.MaxQueued / 4),
        SendAway: SendAway));

    void SendAway(FairKey flow, Func<DateTimeOffset> promise)
    {
        var tickets = _queue.RemoveWhere(flow);
        foreach (var ticket in tickets)
        {
            MailInstruments.Queued.Add(-1);
            _places.Remove((ticket.Message, ticket.Destination));
            _budgets.Left(ticket);
        }

        if (tickets.Count > 0) _ = dispatcher.SendAwayAsync(Site, [.. tickets.Select(ticket => (ticket, promise()))]);
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
