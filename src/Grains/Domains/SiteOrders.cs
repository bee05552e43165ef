using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Domains;

/// <summary>
/// What operators ordered for one site, and what its reactions order: a reaction becomes a standing order of its own, so that it outlives this activation,
/// is listed with its cause and evidence, and can be revoked. Part of a <see cref="DomainGrain"/>.
/// </summary>
sealed class SiteOrders(StandingOrders orders, IGrainFactory grains, OrderTarget site)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    // Reactions of this activation by the id of their order; told apart from those whose order is not in the snapshot yet.
    readonly Dictionary<string, (Reaction Reaction, bool WasSeen)> _own = [];
    long _version = -1;

    /// <summary>The order that lets no attempt begin at this site, whoever sends; null where none stands.</summary>
    public StandingOrder? Suspension(DateTimeOffset now) => orders.TryFindSuspension(site, now, out var order) ? order : null;

    /// <summary>Limits that an order sets for this site; null where none stands.</summary>
    public SiteLimitsOverride? Limits(DateTimeOffset now)
    {
        foreach (var order in orders.Book.Find(OrderKind.Limit, site, now).Reverse())
            if (order.Detail is { } detail && Read(detail) is { } limits)
                return limits;
        return null;
    }

    /// <summary>Reactions whose order was revoked since the last look.</summary>
    public IReadOnlyList<Reaction> TakeRevoked()
    {
        var book = orders.Book;
        if (book.Version == _version || _own.Count == 0) return [];
        _version = book.Version;
        var revoked = new List<Reaction>();
        foreach (var (id, (reaction, wasSeen)) in _own)
        {
            var stands = book.Orders.Any(order => order.Id == id && order.RevokedAt is null);
            if (stands) _own[id] = (reaction, true);
            else if (wasSeen && _own.Remove(id)) revoked.Add(reaction);
        }

        return revoked;
    }

    /// <summary>Writes a reaction down as an order, behind the turn: until it is durable it holds here alone.</summary>
    public void Publish(Reaction reaction)
    {
        var id = $"reaction-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(reaction.Id)))[..16]}";
        if (!_own.TryAdd(id, (reaction, false))) return;
        var order = new StandingOrder
        {
            Id = id,
            Kind = reaction.Effect.Suspend ? OrderKind.Suspend : OrderKind.Limit,
            Scope = new OrderScope { Site = site.Site, Source = site.Source },
            Until = reaction.Until,
            Reason = $"{reaction.Cause}, seen {reaction.Count} times",
            By = $"rule:{reaction.RuleId}",
            Evidence = string.Concat(reaction.LastReply.Select(character => char.IsControl(character) ? ' ' : character)),
            Detail = reaction.Effect.Suspend ? null : JsonSerializer.Serialize(new OrderedLimits(reaction.Effect.Rate?.ToString(), reaction.Effect.MaxSessions), Json),
        };
        _ = AddAsync(order);
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

    static SiteLimitsOverride? Read(string detail)
    {
        try
        {
            var limits = JsonSerializer.Deserialize<OrderedLimits>(detail, Json);
            RateLimit? rate = null;
            if (limits?.Rate is { } text && !RateLimit.TryParse(text, out rate)) return null;
            return limits is null ? null : new SiteLimitsOverride { Rate = rate, MaxSessions = limits.MaxSessions is > 0 and var sessions ? sessions : null };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What an order may limit, as operators write it: <c>{"rate":"10/1m","maxSessions":2}</c>.</summary>
    sealed record OrderedLimits(string? Rate, int? MaxSessions);
}
