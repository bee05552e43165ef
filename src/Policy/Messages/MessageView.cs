namespace Orleans.Mail.Policy.Messages;

/// <summary>What callers see of a <see cref="MessageState"/>.</summary>
public static class MessageView
{
    /// <param name="state">The durable state.</param>
    /// <param name="now">Tells a message that is scheduled from one that is due.</param>
    /// <param name="queuedAt">Sites in whose queue the message stands, as far as is known here.</param>
    public static MessageStatus Status(MessageState state, DateTimeOffset now, IReadOnlyCollection<string> queuedAt)
    {
        var overall = Overall(state, now);
        DateTimeOffset? next = null;
        if (!state.IsFinal)
            for (var i = 0; i < state.Recipients.Length; i++)
                if (state.Recipients[i] is { IsOpen: true } open && !MessageTransitions.IsInAttempt(state, i) && (next is null || open.NextDue < next))
                    next = open.NextDue;
        return new MessageStatus
        {
            Id = state.Id,
            Tenant = state.Tenant,
            State = overall,
            AcceptedAt = state.AcceptedAt,
            FinalAt = state.FinalAt,
            ExpiresAt = state.ExpiresAt,
            NextAttemptAt = next,
            WaitReason = WaitReason(state, overall, now, next, queuedAt),
            Recipients = [.. state.Recipients.Select((recipient, index) => Recipient(state, recipient, index, now))],
            Attempts = [.. state.History, .. state.Open.Select(Running)],
            AttemptCount = state.AttemptCount - state.ReturnedCount,
            Priority = state.Priority,
            Campaign = state.Campaign,
            Tags = [.. state.Tags],
            Metadata = state.Metadata is null ? null : new Dictionary<string, string>(state.Metadata),
            IdempotencyKey = state.IdempotencyKey,
            ContentBytes = state.ContentBytes,
            Reason = state.Reason,
        };
    }

    /// <summary>The recipients' states in one word.</summary>
    public static MailState Overall(MessageState state, DateTimeOffset now)
    {
        // One that owes only a notice has its fate.
        if (state.IsFinal || MessageTransitions.IsDone(state))
        {
            var first = state.Recipients[0].Fate;
            return state.Recipients.All(recipient => recipient.Fate == first) ? Final(first) : MailState.Mixed;
        }

        if (!state.Open.IsEmpty) return MailState.Delivering;
        if (state.Recipients.Any(recipient => recipient.Fate is Fate.Deferred)) return MailState.Deferred;
        return state.SendAt > now ? MailState.Scheduled : MailState.Accepted;
    }

    /// <summary>The word by which records in a state can be asked for; null where no word tells. Time alone parts Scheduled from Accepted, and what cannot be read has no word.</summary>
    public static string? LabelOf(MailState state) => state == MailState.Quarantined ? null : state == MailState.Scheduled ? MailState.Accepted.Name : state.Name;

    static RecipientStatus Recipient(MessageState state, RecipientRecord recipient, int index, DateTimeOffset now) => new()
    {
        Address = recipient.Address,
        State = recipient.Fate switch
        {
            Fate.Pending or Fate.Deferred when MessageTransitions.IsInAttempt(state, index) => MailState.Delivering,
            Fate.Pending => state.SendAt > now ? MailState.Scheduled : MailState.Accepted,
            Fate.Deferred => MailState.Deferred,
            var fate => Final(fate),
        },
        LastReply = recipient.LastReply,
        Category = recipient.Category,
        NextAttemptAt = recipient.IsOpen && !MessageTransitions.IsInAttempt(state, index) ? recipient.NextDue : null,
        AttemptCount = recipient.AttemptCount,
    };

    static AttemptStatus Running(OpenAttempt attempt) => new() { Number = attempt.Number, StartedAt = attempt.StartedAt, Site = attempt.Site };

    static string? WaitReason(MessageState state, MailState overall, DateTimeOffset now, DateTimeOffset? next, IReadOnlyCollection<string> queuedAt)
    {
        if (state is { IsSuspended: true, IsFinal: false }) return state.Reason is { } reason ? $"Suspended: {reason}" : "Suspended.";
        if (overall == MailState.Scheduled) return "Its time to be sent has not come.";
        if (overall != MailState.Accepted && overall != MailState.Deferred) return null;
        if (queuedAt.Count > 0) return $"Waits for its turn at {string.Join(", ", queuedAt)}.";
        if (overall == MailState.Accepted || next <= now) return "Waits to be queued.";
        var last = state.Recipients.FirstOrDefault(recipient => recipient.Fate is Fate.Deferred);
        return $"Waits for its next attempt after: {last?.Category}.";
    }

    static MailState Final(Fate fate) => fate switch
    {
        Fate.Delivered => MailState.Delivered,
        Fate.Bounced => MailState.Bounced,
        Fate.Expired => MailState.Expired,
        Fate.Cancelled => MailState.Cancelled,
        Fate.Suppressed => MailState.Suppressed,
        Fate.Uncertain => MailState.Uncertain,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
