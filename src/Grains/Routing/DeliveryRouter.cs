using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Grains.Routing;

/// <summary>What the delivery mode and the route rules make of recipients and of content.</summary>
sealed class DeliveryRouter
{
    // Names that no resolver may answer (RFC 6761 §6, RFC 2606 §2).
    static readonly FrozenSet<string> ReservedTopLevels = new[] { "test", "example", "invalid", "localhost" }.ToFrozenSet();

    readonly DeliveryMode _mode;
    readonly RoutingTable _routes;
    readonly BudgetTable _limits;
    readonly Mailbox? _redirectTo;
    readonly FrozenSet<string> _redirectAllow;

    public DeliveryRouter(DeliveryOptions options, RoutingTable routes, BudgetTable limits)
    {
        _mode = options.Mode;
        _routes = routes;
        _limits = limits;
        _redirectTo = options.Mode is DeliveryMode.Redirect ? Mailbox.Parse(options.RedirectTo ?? "") : null;
        _redirectAllow = options.RedirectAllow.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether mail stays in this process, whatever the routes say.</summary>
    public bool IsInside => _mode is DeliveryMode.Capture or DeliveryMode.Simulate;

    /// <summary>Where a recipient goes, together with others of the message. Chosen anew whenever it is asked, so at every attempt.</summary>
    /// <param name="message">The message.</param>
    /// <param name="recipient">One of its recipients.</param>
    /// <param name="orders">Orders that stand: one of them may name another route.</param>
    /// <param name="now">Now.</param>
    /// <param name="site">The site that the rules alone lead to, where it is known: orders may lead around it.</param>
    public string DestinationOf(MessageState message, RecipientRecord recipient, OrderBook orders, DateTimeOffset now, string? site = null)
    {
        var domain = DomainOf(EnvelopeRecipient(recipient.Address));
        if (IsInside) return domain;
        var wish = message.Route ?? (orders.Orders.IsEmpty ? null : orders.Find(OrderKind.Reroute, new OrderTarget { Tenant = message.Tenant, Campaign = message.Campaign, Domain = domain, Site = site, Relay = site is null ? null : RelayAt(site) }, now).LastOrDefault()?.Detail);
        return Destination.Of(_routes.Book.RouteOf(new RouteQuery(domain, message.Tenant, message.Campaign, message.Priority), wish), domain, _limits.IsApart(domain));
    }

    /// <summary>Name of the relay behind a site; null for a site of MX hosts.</summary>
    public string? RelayAt(string site) => _routes.Book.RelayAt(site)?.Name;

    /// <summary>What is wrong with the route that an order names; null when nothing is.</summary>
    public string? Problem(StandingOrder order)
    {
        if (order.Kind is not OrderKind.Reroute) return null;
        if (order.Detail == StandingOrder.OtherRelay) return (order.Scope.Site ?? order.Scope.Relay) is null ? "Name the relay, or its site, that mail is to be led around." : null;
        if (order.Scope.Source is not null) return "A route is chosen before the source address: leave that out of the scope.";
        return _routes.Book.Knows(order.Detail ?? "") ? null : "The detail names no route of this service: give the name of a pool of relays, or mx.";
    }

    /// <summary>The address that goes into RCPT.</summary>
    public string EnvelopeRecipient(string address) =>
        _redirectTo is null || _redirectAllow.Contains(DomainOf(address)) ? address : _redirectTo.ToString();

    /// <summary>What is sent: the content as accepted; in mode Redirect, after a header that tells the original recipients.</summary>
    public ReadOnlyMemory<byte> ContentOnTheWire(AttemptOrder order)
    {
        if (_redirectTo is null) return order.Content;
        var original = order.Recipients.Where(address => EnvelopeRecipient(address) != address).ToImmutableArray();
        if (original.IsEmpty) return order.Content;
        var header = Encoding.UTF8.GetBytes(string.Concat(original.Select(address => $"X-Original-Recipient: {address}\r\n")));
        return (byte[])[.. header, .. order.Content.Span];
    }

    /// <summary>What the routes have against a submission: a reserved name in mode Live has nowhere to go, and is refused rather than bounced later.</summary>
    public SubmitFault? Refuse(ParsedSubmission submission, string? route)
    {
        if (!HasRoute(route)) return new SubmitFault(nameof(SubmitRequest.Route), "names no route of this service; leave it out for the one the rules choose");
        if (_mode is not DeliveryMode.Live) return null;
        return submission.Recipients.Any(recipient => IsReserved(recipient.Domain) && RouteOf(submission, recipient, route) == RouteBook.Mx)
            ? new SubmitFault(nameof(SubmitRequest.Recipients), "has an address under a reserved name (.test, .example, .invalid, .localhost); use delivery mode Capture or Simulate to try such addresses")
            : null;
    }

    /// <summary>Whether a route that is asked for exists; none is asked for by null or nothing.</summary>
    public bool HasRoute(string? route) => string.IsNullOrEmpty(route) || _routes.Book.Knows(route);

    string RouteOf(ParsedSubmission submission, Mailbox recipient, string? wish) =>
        _routes.Book.RouteOf(new RouteQuery(recipient.Domain, submission.Tenant, submission.Campaign, submission.Priority), wish);

    static bool IsReserved(string domain) => ReservedTopLevels.Contains(domain[(domain.LastIndexOf('.') + 1)..]);

    static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..];
}
