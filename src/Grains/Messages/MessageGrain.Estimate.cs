using System.Collections.Immutable;
using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Messages;

/// <summary>When the next attempt is to be expected, and what it waits for: asked of the site at the moment somebody wants to know.</summary>
sealed partial class MessageGrain
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    static readonly TimeSpan MostSlack = TimeSpan.FromDays(7);

    async Task<MessageStatus> WithEstimateAsync(MessageStatus status, DateTimeOffset now)
    {
        if (status.IsFinal || status.State == MailState.Delivering || status.NextAttemptAt is not { } next) return status;
        var state = _state!;
        var recipient = state.Recipients.Where(recipient => recipient.IsOpen).MinBy(recipient => recipient.NextDue)!;
        var destination = DestinationOf(state, recipient, now);
        var paths = services.Orders.Book.IsOrder(state.WaitsFor, out _) ? [] : state.WaitsFor is { } waitsFor && !BudgetKeys.IsWait(waitsFor) ? [waitsFor] : services.Sites.PathsOf(destination);
        var (site, place) = await LocateAsync(paths, destination);
        var causes = WaitCauses(state, recipient, site, place, next, now).AddRange(await LimitCausesAsync(state, recipient.Domain, place, next, now));
        var estimate = EtaEstimate.Of(now, causes, PlaceOf(site, place), state.ExpiresAt);
        return status with { EarliestAttemptAt = estimate.Earliest, LatestAttemptAt = estimate.Latest, WaitReason = HoldReason(now) ?? (state.IsSuspended ? status.WaitReason : estimate.Reason) };
    }

    ImmutableArray<WaitCause> WaitCauses(MessageState state, RecipientRecord recipient, string? site, TicketPlace? place, DateTimeOffset next, DateTimeOffset now)
    {
        var causes = ImmutableArray.CreateBuilder<WaitCause>();
        if (HeldUntil(state, now) is { } held) causes.Add(state.IsSuspended ? new WaitCause(DateTimeOffset.MaxValue, "suspended") : WaitCause.TenantSuspended(held));
        if (services.Orders.Book.IsOrder(state.WaitsFor, out var order) && order is not null) causes.Add(new WaitCause(order.Until ?? DateTimeOffset.MaxValue, $"suspended by order {order.Id} until"));
        if (place?.DeadUntil is { } dead) causes.Add(WaitCause.SiteDown(dead, site!));
        if (place?.SuspendedUntil is { } until) causes.Add(WaitCause.SiteSuspended(until, site!, place.SuspendedFor ?? "its answers"));
        foreach (var hold in place?.Holds ?? [])
            if (CauseOf(hold, site!) is { } cause)
                causes.Add(cause);
        if (state.SendAt > now) causes.Add(WaitCause.SendAt(state.SendAt.Value));
        else if (IsOpening(state, recipient, next) && next > now) causes.Add(WaitCause.WindowOpens(next));
        // Who waits for a site waits for its recovery; its own time is only the net below.
        else if (recipient.Fate is Fate.Deferred && (state.WaitsFor is null || place?.DeadUntil is null)) causes.Add(WaitCause.Backoff(next, AnswerOf(recipient)));
        return causes.ToImmutable();
    }

    // Due at the very moment at which its window opens, so that is what it waits for.
    static bool IsOpening(MessageState state, RecipientRecord recipient, DateTimeOffset due) =>
        state.Window is { } window && due.UtcTicks > 0 && SendWindowCalendar.Next(window, recipient.TimeZone, due.AddTicks(-1)) == due;

    static string AnswerOf(RecipientRecord recipient) => recipient.LastReply is { } reply
        ? reply.Enhanced is { } status ? $"{reply.Code} {status}" : $"{reply.Code}"
        : recipient.Category ?? "an attempt";

    static QueuePlace? PlaceOf(string? site, TicketPlace? place) =>
        place is { Ahead: >= 0 } ? new QueuePlace(site!, place.Ahead, place.Queued, place.PerSecond, (place.Holds ?? []).Select(hold => SessionsOf(hold, site!)).FirstOrDefault(words => words is not null)) : null;

    static string? SessionsOf(PlaceHold hold, string site) => hold.Kind switch
    {
        PlaceHoldKind.ProviderSessions => QueuePlace.ProviderSessions(hold.Name, hold.InUse),
        PlaceHoldKind.SiteSessions => QueuePlace.SiteSessions(site, hold.InUse),
        _ => null,
    };

    static WaitCause? CauseOf(PlaceHold hold, string site) => hold.Kind switch
    {
        PlaceHoldKind.SiteRate => WaitCause.SiteRate(hold.Until, site, hold.Name, hold.Slack),
        PlaceHoldKind.SiteConnections => WaitCause.SiteConnections(hold.Until, site, hold.Name, hold.Slack),
        PlaceHoldKind.LearnedPace => WaitCause.LearnedPace(hold.Until, site, hold.Slack),
        PlaceHoldKind.SourceRate => WaitCause.SourceRate(hold.Until, hold.Name, hold.Slack),
        PlaceHoldKind.SourceWarmup => WaitCause.SourceWarmup(hold.Until, hold.Name, hold.Slack),
        _ => null,
    };

    // What the tenant's and the campaign's limits, which hold for the whole cluster, say now.
    async Task<IEnumerable<WaitCause>> LimitCausesAsync(MessageState state, string domain, TicketPlace? place, DateTimeOffset next, DateTimeOffset now)
    {
        var causes = new List<WaitCause>();
        if (services.Budgets.IsEmpty) return causes;
        foreach (var key in new[] { BudgetKeys.OfSender(state.Tenant, null), BudgetKeys.OfSender(state.Tenant, state.Campaign), BudgetKeys.OfDomain(domain) }.Distinct())
        {
            if (services.Budgets.LimitOf(key, now) is { HasTokens: false, MaxConcurrent: null }) continue;
            if (await AnswerAsync(GrainFactory.GetGrain<IBudgetGrain>(key).LookAsync()) is not { Kind: not BudgetWaitKind.None } wait) continue;
            // One that was sent away from a long queue has a moment of its own.
            var until = wait.Until > next ? wait.Until : next;
            var slack = TimeSpan.FromSeconds(Math.Min(wait.Spacing.TotalSeconds * Math.Max(0, place?.Ahead ?? 0), MostSlack.TotalSeconds));
            causes.Add(wait.Kind switch
            {
                BudgetWaitKind.Quota => WaitCause.TenantQuota(until),
                BudgetWaitKind.Concurrency => WaitCause.TenantConcurrency(until),
                _ => BudgetKeys.Split(key).Kind switch
                {
                    "tenant" => WaitCause.TenantRate(until, slack),
                    "campaign" => WaitCause.CampaignRate(until, slack),
                    _ => WaitCause.DomainRate(until, domain, slack),
                },
            });
        }

        return causes;
    }

    // The path where it stands in the queue; else the first.
    async Task<(string? Site, TicketPlace? Place)> LocateAsync(IEnumerable<string> paths, string destination)
    {
        var places = await Task.WhenAll(paths.Select(async path => (Site: path, Place: await LocateAsync(path, destination))));
        return Array.Find(places, place => place.Place is { Ahead: >= 0 }) is { Site: not null } found ? found : places.FirstOrDefault();
    }

    Task<TicketPlace?> LocateAsync(string site, string destination) => AnswerAsync(GrainFactory.GetGrain<IDomainGrain>(site).LocateAsync(_id, destination));

    // Who does not answer in time costs the estimate, not the status.
    async Task<T?> AnswerAsync<T>(Task<T> asked)
    {
        try
        {
            return await asked.WaitAsync(Patience, services.Clock);
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansException)
        {
            return default;
        }
    }
}
