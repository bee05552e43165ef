using System.Collections.Immutable;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Messages;

/// <summary>When the next attempt is to be expected, and what it waits for: asked of the site at the moment somebody wants to know.</summary>
sealed partial class MessageGrain
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    async Task<MessageStatus> WithEstimateAsync(MessageStatus status, DateTimeOffset now)
    {
        if (status.IsFinal || status.State == MailState.Delivering || status.NextAttemptAt is not { } next) return status;
        var state = _state!;
        var recipient = state.Recipients.Where(recipient => recipient.IsOpen).MinBy(recipient => recipient.NextDue)!;
        var destination = DestinationOf(state, recipient, now);
        var site = services.Orders.Book.IsOrder(state.WaitsFor, out _) ? null : state.WaitsFor ?? services.Sites.TryFind(destination);
        var place = site is null ? null : await LocateAsync(site, destination);
        var estimate = EtaEstimate.Of(now, WaitCauses(state, recipient, site, place, next, now), PlaceOf(site, place), state.ExpiresAt);
        return status with { EarliestAttemptAt = estimate.Earliest, LatestAttemptAt = estimate.Latest, WaitReason = HoldReason(now) ?? (state.IsSuspended ? status.WaitReason : estimate.Reason) };
    }

    ImmutableArray<WaitCause> WaitCauses(MessageState state, RecipientRecord recipient, string? site, TicketPlace? place, DateTimeOffset next, DateTimeOffset now)
    {
        var causes = ImmutableArray.CreateBuilder<WaitCause>();
        if (HeldUntil(state, now) is { } held) causes.Add(state.IsSuspended ? new WaitCause(DateTimeOffset.MaxValue, "suspended") : WaitCause.TenantSuspended(held));
        if (place?.DeadUntil is { } dead) causes.Add(WaitCause.SiteDown(dead, site!));
        if (place?.SuspendedUntil is { } until) causes.Add(WaitCause.SiteSuspended(until, site!, place.SuspendedFor ?? "its answers"));
        if (state.SendAt > now) causes.Add(WaitCause.SendAt(state.SendAt.Value));
        else if (recipient.Fate is Fate.Pending && state.Window is not null && next > now) causes.Add(WaitCause.WindowOpens(next));
        // Who waits for a site waits for its recovery; its own time is only the net below.
        else if (recipient.Fate is Fate.Deferred && (state.WaitsFor is null || place?.DeadUntil is null)) causes.Add(WaitCause.Backoff(next, AnswerOf(recipient)));
        return causes.ToImmutable();
    }

    static string AnswerOf(RecipientRecord recipient) => recipient.LastReply is { } reply
        ? reply.Enhanced is { } status ? $"{reply.Code} {status}" : $"{reply.Code}"
        : recipient.Category ?? "an attempt";

    static QueuePlace? PlaceOf(string? site, TicketPlace? place) => place is { Ahead: >= 0 } ? new QueuePlace(site!, place.Ahead, place.Queued, place.PerSecond) : null;

    // A site that does not answer in time costs the estimate, not the status.
    async Task<TicketPlace?> LocateAsync(string site, string destination)
    {
        try
        {
            return await GrainFactory.GetGrain<IDomainGrain>(site).LocateAsync(_id, destination).WaitAsync(Patience, services.Clock);
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansException)
        {
            return null;
        }
    }
}
