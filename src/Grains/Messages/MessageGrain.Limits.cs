using System.Collections.Immutable;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Messages;

/// <summary>What the limits of a recipient's site, of its domain and of the tenant mean for this message.</summary>
sealed partial class MessageGrain
{
    SiteLimits? LimitsOf(string site, RecipientRecord recipient) => services.SiteLimits.Find(site, recipient.Domain, _state!.Tenant);

    // The least that any of the recipients' domains asks for.
    int? RecipientsPerTransaction(string site, ImmutableArray<int> recipients)
    {
        if (recipients.Length == 1) return null;
        int? least = null;
        foreach (var domain in recipients.Select(index => _state!.Recipients[index]).DistinctBy(recipient => recipient.Domain))
            if (LimitsOf(site, domain)?.RecipientsPerTransaction is { } most && !(most >= least))
                least = most;
        return least;
    }

    /// <summary>Until when a recipient is tried: as the message says, or where it says nothing, as is known to suit its site.</summary>
    DateTimeOffset ExpiryOf(RecipientRecord recipient, string? site)
    {
        var state = _state!;
        if (state.IsExpiryAsked || site is null || !services.SiteLimits.HaveLifetimes) return state.ExpiresAt;
        return LimitsOf(site, recipient)?.MaxLifetime is { } lifetime ? (state.SendAt ?? state.AcceptedAt) + lifetime : state.ExpiresAt;
    }

    async Task PostponeAsync(ImmutableArray<int> recipients, DateTimeOffset until, string? waitsFor, bool isDown, DateTimeOffset now)
    {
        var state = _state!;
        var isLimit = BudgetKeys.IsWait(waitsFor);
        // There is one thing that a message waits for, and the recovery of a site that others of its recipients wait for counts more.
        if (isLimit && state.WaitsFor is not null && Enumerable.Range(0, state.Recipients.Length).Any(index => state.Recipients[index].IsOpen && !recipients.Contains(index))) waitsFor = null;
        var step = MessageTransitions.Postpone(state, recipients, until, waitsFor, isDown, now);
        await CommitAsync(Lengthen(step, recipients.Select(index => ExpiryOf(state.Recipients[index], isLimit ? null : waitsFor))));
    }

    /// <summary>Mail to a site that is known to be slow expires later than other mail: the message lives as long as the longest of its recipients.</summary>
    static Step Lengthen(Step step, IEnumerable<DateTimeOffset> expiries)
    {
        var latest = expiries.Append(step.State.ExpiresAt).Max();
        return latest > step.State.ExpiresAt ? step with { State = step.State with { ExpiresAt = latest } } : step;
    }

    /// <summary>Ends recipients whose site is given less time than the message.</summary>
    async Task<bool> ExpireSomeAsync(DateTimeOffset now)
    {
        if (!services.SiteLimits.HaveLifetimes || _state!.IsExpiryAsked) return false;
        var over = Enumerable.Range(0, _state.Recipients.Length).Where(index =>
            _state.Recipients[index] is { IsOpen: true } recipient && ExpiryOf(recipient, services.Sites.TryFind(DestinationOf(_state, recipient, now))) <= now).ToHashSet();
        if (over.Count == 0) return false;
        var step = MessageTransitions.Expire(_state, now, over.Contains);
        if (step.Events.IsEmpty) return false;
        await CommitAsync(step);
        if (!_state.IsFinal) return false;
        await SettleAsync();
        return true;
    }
}
