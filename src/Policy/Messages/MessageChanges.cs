using System.Globalization;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Messages;

/// <summary>What a change comes to: the answer, and the step to commit before giving it; null when there is nothing to commit.</summary>
public sealed record ChangeDecision(ChangeAnswer Answer, Step? Step);

/// <summary>
/// Changes of an accepted message. What an attempt reads when it begins (recipients, route, times) can change only while none is open: the answer
/// is then free of races, since an attempt opens with a commit. Priority, expiry and suspension concern only what comes after, and change at any time.
/// </summary>
public static class MessageChanges
{
    const int MaxRouteLength = 128;

    /// <param name="state">The message as it is.</param>
    /// <param name="change">What is asked.</param>
    /// <param name="latestExpiry">The service keeps no message longer.</param>
    /// <param name="now">The present.</param>
    public static ChangeDecision Decide(MessageState state, MessageChange change, DateTimeOffset latestExpiry, DateTimeOffset now)
    {
        if (Problem(state, change, latestExpiry, now) is { } problem) return new(new ChangeAnswer(ChangeResult.Invalid, problem), null);
        if (state.IsFinal) return Answer(ChangeResult.AlreadyFinal);
        if (IsTooLate(state, change)) return Answer(ChangeResult.TooLate);
        var step = new Step(state, []);
        step = WithSettings(step, change, now);
        step = WithTime(step, change, now);
        step = WithAction(step, change, now);
        return step.State == state ? Answer(ChangeResult.Changed) : new(new ChangeAnswer(ChangeResult.Changed), step);
    }

    static ChangeDecision Answer(ChangeResult result) => new(new ChangeAnswer(result), null);

    static string? Problem(MessageState state, MessageChange change, DateTimeOffset latestExpiry, DateTimeOffset now)
    {
        var ends = change.Action is MessageAction.Cancel or MessageAction.Fail;
        var setsAny = change.SendAt is not null || change.Priority is not null || change.ExpiresAt is not null || change.Route is not null;
        if (!Enum.IsDefined(change.Action) || (change.Priority is { } priority && !Enum.IsDefined(priority))) return "The change holds a value this service does not know.";
        if (change.Action is MessageAction.None && !setsAny) return "The change is empty: say what is to change.";
        if (ends && setsAny) return "A message that ends needs no new settings: leave them out.";
        if (change.Action is MessageAction.RetryNow && change.SendAt is not null) return "Choose either a new time or a retry now.";
        if (change.Action is MessageAction.RetryNow && state is { IsSuspended: true, IsFinal: false }) return "The message is suspended: resume it first.";
        if (change.Reason is { Length: > MessageChange.MaxReasonLength } || change.Reason?.Any(char.IsControl) == true) return $"The reason must be one line of at most {MessageChange.MaxReasonLength} characters.";
        if (change.Route is { Length: > MaxRouteLength }) return $"A route's name has at most {MaxRouteLength} characters.";
        if (change.ExpiresAt <= now) return "The expiry must lie ahead; to end the message now, cancel or fail it.";
        if (change.ExpiresAt > latestExpiry) return string.Create(CultureInfo.InvariantCulture, $"The expiry must not be later than {latestExpiry:u}.");
        return change.SendAt >= (change.ExpiresAt ?? state.ExpiresAt) ? "The time to send must be before the expiry." : null;
    }

    static bool IsTooLate(MessageState state, MessageChange change)
    {
        if (state.Open.IsEmpty) return false;
        if (change.SendAt is not null || change.Route is not null || change.Action is MessageAction.Cancel or MessageAction.Fail) return true;
        // With recipients at several sites, one attempt says nothing about the others.
        return change.Action is MessageAction.RetryNow && !Enumerable.Range(0, state.Recipients.Length).Any(index => IsWaiting(state, index));
    }

    static Step WithSettings(Step step, MessageChange change, DateTimeOffset now)
    {
        if (change.Priority is { } priority && priority != step.State.Priority)
            step = Told(step, step.State with { Priority = priority }, "priority", priority.ToString(), change, now);
        if (change.ExpiresAt is { } expiry && expiry != step.State.ExpiresAt)
            step = Told(step, step.State with { ExpiresAt = expiry, IsExpiryAsked = true }, "expiry", expiry.ToString("u", CultureInfo.InvariantCulture), change, now);
        var route = string.IsNullOrEmpty(change.Route) ? null : change.Route;
        if (change.Route is not null && route != step.State.Route)
            step = Told(step, step.State with { Route = route }, "route", route ?? "by the rules", change, now);
        return step;
    }

    static Step WithTime(Step step, MessageChange change, DateTimeOffset now)
    {
        if (change.SendAt is { } asked) return Due(step, asked > now ? asked : null, asked > now ? asked : now, _ => true, change, now);
        return change.Action is MessageAction.RetryNow
            ? Due(step, step.State.SendAt > now ? null : step.State.SendAt, now, recipient => recipient.NextDue > now, change, now)
            : step;
    }

    static Step WithAction(Step step, MessageChange change, DateTimeOffset now) => change.Action switch
    {
        MessageAction.Suspend when !step.State.IsSuspended => Told(step, step.State with { IsSuspended = true, Reason = change.Reason }, EventType.Suspended, change, now),
        MessageAction.Resume when step.State.IsSuspended => Told(step, step.State with { IsSuspended = false, Reason = null }, EventType.Resumed, change, now),
        MessageAction.Cancel => MessageTransitions.End(step.State with { Reason = change.Reason }, Fate.Cancelled, EventType.Cancelled, Categories.Cancelled, now, change.Reason),
        MessageAction.Fail => MessageTransitions.End(step.State with { Reason = change.Reason }, Fate.Bounced, EventType.Bounced, Categories.FailedByOperator, now, change.Reason ?? "Failed by an operator."),
        _ => step,
    };

    static Step Due(Step step, DateTimeOffset? sendAt, DateTimeOffset due, Func<RecipientRecord, bool> chosen, MessageChange change, DateTimeOffset now)
    {
        var state = step.State;
        var recipients = state.Recipients.ToBuilder();
        var isChanged = sendAt != state.SendAt;
        DateTimeOffset? first = null;
        for (var i = 0; i < recipients.Count; i++)
        {
            if (!IsWaiting(state, i) || !chosen(recipients[i])) continue;
            // The sender's hours hold for whoever is in a hurry, too.
            var at = MessageTransitions.InWindow(state, recipients[i], due);
            if (!(at >= first)) first = at;
            if (recipients[i].NextDue == at) continue;
            recipients[i] = recipients[i] with { NextDue = at };
            isChanged = true;
        }

        if (!isChanged) return step;
        state = state with { Recipients = recipients.MoveToImmutable(), SendAt = sendAt };
        return new Step(state, step.Events.Add(MessageTransitions.Fact(state, EventType.Rescheduled, now) with { NextAttemptAt = first ?? due, Detail = change.Reason }));
    }

    static bool IsWaiting(MessageState state, int index) => state.Recipients[index].IsOpen && !MessageTransitions.IsInAttempt(state, index);

    static Step Told(Step step, MessageState state, EventType type, MessageChange change, DateTimeOffset now) =>
        new(state, step.Events.Add(MessageTransitions.Fact(state, type, now) with { Detail = change.Reason }));

    static Step Told(Step step, MessageState state, string setting, string value, MessageChange change, DateTimeOffset now) =>
        new(state, step.Events.Add(MessageTransitions.Fact(state, EventType.Changed, now) with
        {
            Category = setting,
            Detail = change.Reason is null ? value : $"{value} ({change.Reason})",
        }));
}
