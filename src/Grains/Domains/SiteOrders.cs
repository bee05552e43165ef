using System.Security.Cryptography;
using System.Text;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Domains;

/// <summary>
/// What operators ordered for one site, and what its reactions order: a reaction becomes a standing order of its own, so that it outlives this activation,
/// is listed with its cause and evidence, and can be revoked. Part of a <see cref="DomainGrain"/>.
/// </summary>
sealed class SiteOrders(StandingOrders orders, IGrainFactory grains, Func<OrderTarget> whose)
{
    const string Rule = "rule:";

    // Reactions of this activation by the id of their order; told apart from those whose order is not in the snapshot yet.
    readonly Dictionary<string, OwnOrder> _own = [];
    long _version = -1;

    /// <summary>The order that lets no attempt begin at this site, whoever sends; null where none stands.</summary>
    public StandingOrder? Suspension(DateTimeOffset now) => orders.TryFindSuspension(whose(), now, out var order) ? order : null;

    /// <summary>Limits that orders set for this site; null where none stands. Of operators' orders the newest counts, of rules' the strictest.</summary>
    public SiteLimitsOverride? Limits(DateTimeOffset now)
    {
        SiteLimitsOverride? all = null;
        foreach (var order in orders.Book.Find(OrderKind.Limit, whose(), now))
            if (OrderedLimits.Read(order.Detail).Limits is { } limits)
                all = all is null ? limits : order.By?.StartsWith(Rule, StringComparison.Ordinal) == true ? limits.Stricter(all) : limits.Before(all);
        return all;
    }

    /// <summary>Reactions whose order was revoked since the last look. One that outlasts its order gets another.</summary>
    public IReadOnlyList<Reaction> TakeRevoked(DateTimeOffset now)
    {
        var book = orders.Book;
        if (book.Version == _version || _own.Count == 0) return [];
        _version = book.Version;
        var revoked = new List<Reaction>();
        foreach (var (id, own) in _own.ToList())
        {
            if (book.Orders.Any(order => order.Id == id && order.RevokedAt is null)) _own[id] = own with { WasSeen = true };
            else if (own.WasSeen && _own.Remove(id))
            {
                if (own.Until > now) revoked.Add(own.Reaction);
                else if (own.Reaction.Until > now) Publish(own.Reaction);
            }
        }

        return revoked;
    }

    /// <summary>Writes a reaction down as an order, behind the turn: until it is durable it holds here alone.</summary>
    public void Publish(Reaction reaction)
    {
        if (_own.FirstOrDefault(own => own.Value.Reaction.Id == reaction.Id) is { Key: { } known })
        {
            _own[known] = _own[known] with { Reaction = reaction };
            return;
        }

        var id = $"reaction-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{reaction.Id}/{reaction.Until.UtcTicks}")))[..16]}";
        if (OrderOf(id, reaction) is not { } order || !_own.TryAdd(id, new OwnOrder(reaction, reaction.Until, WasSeen: false))) return;
        _ = AddAsync(order);
    }

    StandingOrder? OrderOf(string id, Reaction reaction)
    {
        var effect = reaction.Effect;
        var site = whose();
        var order = new StandingOrder
        {
            Id = id,
            Kind = OrderKind.Suspend,
            Scope = new OrderScope { Site = site.Site, Source = site.Source },
            Until = reaction.Until,
            Reason = $"{reaction.Cause}, seen {reaction.Count} times",
            By = $"{Rule}{reaction.RuleId}",
            Evidence = string.Concat(reaction.LastReply.Select(character => char.IsControl(character) ? ' ' : character)),
        };
        if (effect.Suspend) return order;
        if (effect.Rate is not null || effect.MaxSessions is not null) return order with { Kind = OrderKind.Limit, Detail = OrderedLimits.Write(effect.Rate, effect.MaxSessions) };
        // Only a relay has others beside it.
        return effect.OtherRelay && site.Relay is not null ? order with { Kind = OrderKind.Reroute, Detail = StandingOrder.OtherRelay } : null;
    }

    // A reaction that is not written down still works, for as long as this activation lives.
    async Task AddAsync(StandingOrder order)
    {
        try
        {
            await grains.GetGrain<IControlGrain>(0).AddAsync(order);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException or Storage.SpoolUnavailableException)
        {
            _own.Remove(order.Id);
        }
    }

    sealed record OwnOrder(Reaction Reaction, DateTimeOffset Until, bool WasSeen);
}
