using System.Collections.Immutable;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Grains.Messages;

/// <summary>Orders about where mail goes: a site, a relay, a source address, a recipient domain. Its sender may write elsewhere meanwhile.</summary>
sealed partial class MessageGrain
{
    /// <summary>Lets what is due wait for the end of the orders that keep it from where it would go.</summary>
    /// <param name="now">Now.</param>
    /// <param name="site">The site that a destination is reached by; null to go by what is known.</param>
    /// <param name="destination">The destination of <paramref name="site"/>.</param>
    async Task HoldByPlaceAsync(DateTimeOffset now, string? site = null, string? destination = null)
    {
        if (!services.Orders.Book.HasPlaceSuspensions) return;
        foreach (var (due, recipients) in DueByDestination(now).ToList())
        {
            if (IsInAttempt(due)) continue;
            var at = due == destination ? site : services.Sites.TryFind(due);
            foreach (var domain in recipients.GroupBy(index => _state!.Recipients[index].Domain))
                if (services.Orders.TryFindSuspension(TargetOf(domain.Key, at), now, out var order))
                    await WaitForOrderAsync(order, [.. domain], now);
        }
    }

    OrderTarget TargetOf(string domain, string? site)
    {
        var target = SenderOf(_state!) with { Domain = domain };
        if (site is null) return target;
        var path = SitePath.Parse(site);
        return target with { Site = path.Site, Source = path.Source, Relay = services.Router.RelayAt(path.Site) };
    }

    async Task WaitForOrderAsync(StandingOrder order, ImmutableArray<int> recipients, DateTimeOffset now)
    {
        // The end of an order wakes what it holds; the time is the net below.
        var until = Wait.ForRecovery(now, _state!.AcceptedAt, now);
        if (order.Until < until) until = order.Until.Value;
        await CommitAsync(MessageTransitions.Postpone(_state!, recipients, until, OrderBook.WaitName(order), isDown: false, now));
        // Revoked meanwhile, and its release may have passed by: nobody else would wake this message in time.
        if (services.Orders.Book.IsOrder(_state!.WaitsFor, out var standing) && standing is null) await CommitAsync(MessageTransitions.Release(_state, services.Clock.GetUtcNow()));
    }
}
