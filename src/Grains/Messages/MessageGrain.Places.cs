using System.Collections.Immutable;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Grains.Messages;

/// <summary>What lets a due recipient wait: orders about where its mail goes (a site, a relay, a source address, a recipient domain), and the hours its sender chose.</summary>
sealed partial class MessageGrain
{
    /// <summary>Lets what is due wait for the end of the orders that keep it from where it would go.</summary>
    /// <param name="now">Now.</param>
    /// <param name="site">The site that a destination is reached by; null to go by what is known.</param>
    /// <param name="destination">The destination of <paramref name="site"/>.</param>
    /// <returns>Whether anything waits that was due.</returns>
    async Task<bool> HoldByPlaceAsync(DateTimeOffset now, string? site = null, string? destination = null)
    {
        if (!services.Orders.Book.HasPlaceSuspensions) return false;
        var version = _version;
        foreach (var (due, recipients) in DueByDestination(now).ToList())
        {
            if (IsInAttempt(due)) continue;
            var at = due == destination ? site : services.Sites.TryFind(due);
            foreach (var domain in recipients.GroupBy(index => _state!.Recipients[index].Domain))
                if (services.Orders.TryFindSuspension(TargetOf(domain.Key, at), now, out var order))
                    await WaitForOrderAsync(order, [.. domain], now);
        }

        return _version != version;
    }

    /// <summary>A window may have closed since a recipient became due, while it stood in a queue or nobody was there to wake it: it waits for the next opening.</summary>
    /// <returns>Whether anything waits that was due.</returns>
    async Task<bool> WaitForWindowAsync(DateTimeOffset now)
    {
        if (_state!.Window is not { } window) return false;
        ImmutableArray<int> closed = [.. DueByDestination(now).SelectMany(due => due.Recipients).Where(index => SendWindowCalendar.Next(window, _state.Recipients[index].TimeZone, now) > now)];
        if (closed.IsEmpty) return false;
        await CommitAsync(MessageTransitions.Postpone(_state, closed, now, null, isDown: false, now));
        return true;
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
