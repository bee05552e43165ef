using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Control;

/// <summary>Whose mail, and which way: what orders are looked up for. Null members are not known, and match no order that names one.</summary>
public readonly record struct OrderTarget
{
    public string? Tenant { get; init; }

    public string? Campaign { get; init; }

    public string? Site { get; init; }

    public string? Relay { get; init; }

    public string? Domain { get; init; }

    public string? Source { get; init; }
}

/// <summary>The standing orders of one version. Immutable: readers need no lock.</summary>
public sealed class OrderBook
{
    // What a message waits for that an order keeps from where it goes.
    const string WaitPrefix = "order:";

    readonly ImmutableArray<StandingOrder> _suspensions;

    public OrderBook(ControlSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        Version = snapshot.Version;
        Orders = [.. snapshot.Orders];
        _suspensions = [.. snapshot.Orders.Where(order => order.Kind is OrderKind.Suspend)];
        HasPlaceSuspensions = _suspensions.Any(order => !order.Scope.IsBySender);
        HasSiteReroutes = Orders.Any(order => order.Kind is OrderKind.Reroute && (order.Scope.Site ?? order.Scope.Relay) is not null);
    }

    public static OrderBook Empty { get; } = new(new ControlSnapshot(0, []));

    public long Version { get; }

    /// <summary>Whether some order suspends what goes to some place.</summary>
    public bool HasPlaceSuspensions { get; }

    /// <summary>Whether some order leads what goes to a site another way.</summary>
    public bool HasSiteReroutes { get; }

    public ImmutableArray<StandingOrder> Orders { get; }

    /// <summary>The suspension in force that lasts longest; null when nothing is suspended.</summary>
    public StandingOrder? FindSuspension(in OrderTarget target, DateTimeOffset now)
    {
        StandingOrder? longest = null;
        foreach (var order in _suspensions)
            if (order.StandsAt(now) && Covers(order.Scope, target) && (longest is null || order.Until is null || order.Until > longest.Until))
                longest = order;
        return longest;
    }

    /// <summary>Orders of a kind in force, the newest last: where two say something different, it counts.</summary>
    public IEnumerable<StandingOrder> Find(OrderKind kind, OrderTarget target, DateTimeOffset now) =>
        Orders.Where(order => order.Kind == kind && order.StandsAt(now) && Covers(order.Scope, target)).OrderBy(order => order.GivenAt);

    /// <summary>The name under which messages wait for an order's end.</summary>
    public static string WaitName(StandingOrder order) => WaitPrefix + order.Id;

    /// <summary>Whether a message waits for the end of an order.</summary>
    /// <param name="waitsFor">What it waits for.</param>
    /// <param name="order">The order, where it is known still.</param>
    public bool IsOrder(string? waitsFor, out StandingOrder? order)
    {
        order = null;
        if (waitsFor?.StartsWith(WaitPrefix, StringComparison.Ordinal) != true) return false;
        var id = waitsFor[WaitPrefix.Length..];
        order = Orders.FirstOrDefault(known => known.Id == id);
        return true;
    }

    public static bool Covers(OrderScope scope, in OrderTarget target) =>
        (scope.Tenant is null || scope.Tenant == target.Tenant)
        && (scope.Campaign is null || scope.Campaign == target.Campaign)
        && (scope.Site is null || string.Equals(scope.Site, target.Site, StringComparison.OrdinalIgnoreCase))
        && (scope.Relay is null || scope.Relay == target.Relay)
        && (scope.Domain is null || string.Equals(scope.Domain, target.Domain, StringComparison.OrdinalIgnoreCase))
        && (scope.Source is null || scope.Source == target.Source);
}
