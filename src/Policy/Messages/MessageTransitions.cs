using System.Collections.Immutable;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Policy.Messages;

/// <summary>A message's next state and the facts that led there: committed together.</summary>
public sealed record Step(MessageState State, ImmutableArray<DeliveryEvent> Events);

/// <summary>What an attempt meant for one recipient, and when to try again where that is so.</summary>
/// <param name="Outcome">The judgement.</param>
/// <param name="Reply">The remote's words.</param>
/// <param name="NextDue">For Deferred, and for Uncertain under <see cref="DoubtPolicy.Retry"/>; null means there is no time left.</param>
public sealed record RecipientOutcome(Outcome Outcome, SmtpReply? Reply, DateTimeOffset? NextDue);

/// <summary>The only code that changes a <see cref="MessageState"/>, with <see cref="MessageChanges"/>. Pure: the same arguments give the same step.</summary>
public static class MessageTransitions
{
    /// <summary>How many concluded attempts a message remembers.</summary>
    public const int MaxHistory = 20;

    /// <summary>Takes ownership. <paramref name="draft"/> holds all that the caller asked for.</summary>
    public static Step Accept(MessageState draft) =>
        new(draft, [Fact(draft, EventType.Accepted, draft.AcceptedAt)]);

    /// <summary>Opens an attempt for <paramref name="recipients"/>, all of them open and in no other attempt.</summary>
    public static Step Begin(
        MessageState state, string destination, string site, ImmutableArray<int> recipients, AttemptRunner runner, long epoch, DateTimeOffset now, DateTimeOffset deadline, AttemptPhase phase = AttemptPhase.Untold)
    {
        var attempt = new OpenAttempt
        {
            Number = state.AttemptCount + 1,
            Site = site,
            Destination = destination,
            StartedAt = now,
            Runner = runner,
            Epoch = epoch,
            Recipients = recipients,
            Deadline = deadline,
            Phase = phase,
        };
        // Others of the message may still wait for what they waited for.
        var waitsFor = Enumerable.Range(0, state.Recipients.Length).Any(index => state.Recipients[index].IsOpen && !recipients.Contains(index)) ? state.WaitsFor : null;
        var begun = state with { AttemptCount = attempt.Number, Open = state.Open.Add(attempt), WaitsFor = waitsFor };
        return new Step(begun, [Fact(begun, EventType.Attempting, now) with { Attempt = attempt.Number }]);
    }

    /// <summary>The end of data of an attempt is about to be sent.</summary>
    public static Step MarkEndOfData(MessageState state, OpenAttempt attempt) => new(state with { Open = state.Open.Replace(attempt, attempt with { Phase = AttemptPhase.EndOfData }) }, []);

    /// <summary>Closes an attempt with one outcome for each of its recipients, in its order.</summary>
    public static Step Complete(MessageState state, OpenAttempt attempt, IReadOnlyList<RecipientOutcome> outcomes, string? host, string? tls, DateTimeOffset now, string? source = null)
    {
        var recipients = state.Recipients.ToBuilder();
        var events = ImmutableArray.CreateBuilder<DeliveryEvent>(outcomes.Count);
        var listed = new AttemptOutcome[outcomes.Count];
        for (var i = 0; i < outcomes.Count; i++)
        {
            var index = attempt.Recipients[i];
            var (after, fact) = Apply(state, recipients[index], outcomes[i], now);
            recipients[index] = after with { AttemptCount = after.AttemptCount + 1, Rule = outcomes[i].Outcome.Rule, Source = source };
            listed[i] = new AttemptOutcome(after.Address, fact.Type, outcomes[i].Outcome.Category, outcomes[i].Reply);
            foreach (var told in Tell(fact, outcomes[i], after))
                events.Add(told with { Attempt = attempt.Number, Host = host, Tls = tls });
        }

        var concluded = new AttemptStatus
        {
            Number = attempt.Number,
            StartedAt = attempt.StartedAt,
            Duration = now > attempt.StartedAt ? now - attempt.StartedAt : TimeSpan.Zero,
            Site = attempt.Site,
            Host = host,
            Tls = tls,
            Outcomes = listed,
        };
        var history = state.History.Length < MaxHistory ? state.History : state.History.RemoveAt(0);
        return Settle(state with
        {
            Recipients = recipients.MoveToImmutable(),
            Open = state.Open.Remove(attempt),
            History = history.Add(concluded),
            WaitsFor = outcomes.Any(outcome => outcome.Outcome.IsSiteTrouble && outcome.NextDue is not null) ? attempt.Site : state.WaitsFor,
        }, events.ToImmutable(), now);
    }

    /// <summary>Takes back an attempt of which nothing came to the wire: its recipients stand where they stood, and are due.</summary>
    public static Step Return(MessageState state, OpenAttempt attempt) => new(state with { Open = state.Open.Remove(attempt), ReturnedCount = state.ReturnedCount + 1 }, []);

    /// <summary>Lets the open recipients among <paramref name="recipients"/> wait, without an attempt.</summary>
    /// <param name="state">The message.</param>
    /// <param name="recipients">Indexes of those that wait.</param>
    /// <param name="until">When they are due again, unless they are due later anyway.</param>
    /// <param name="waitsFor">The site whose recovery wakes the message earlier; null for one that is busy.</param>
    /// <param name="isDown">Whether it could not be talked to: told once, as a deferral without an attempt.</param>
    /// <param name="now">Now.</param>
    public static Step Postpone(MessageState state, ImmutableArray<int> recipients, DateTimeOffset until, string? waitsFor, bool isDown, DateTimeOffset now)
    {
        var records = state.Recipients.ToBuilder();
        var events = ImmutableArray.CreateBuilder<DeliveryEvent>();
        foreach (var index in recipients)
        {
            var record = records[index];
            var due = InWindow(state, record, until);
            if (record.NextDue >= due) continue;
            var isNews = isDown && (record.Fate is Fate.Pending || record.Category != Categories.Connection);
            records[index] = record with { NextDue = due };
            if (!isNews) continue;
            records[index] = records[index] with { Fate = Fate.Deferred, Category = Categories.Connection };
            events.Add(Fact(state, EventType.Deferred, now) with { Recipient = record.Address, Category = Categories.Connection, NextAttemptAt = due });
        }

        return new Step(state with { Recipients = records.MoveToImmutable(), WaitsFor = waitsFor ?? state.WaitsFor }, events.ToImmutable());
    }

    /// <summary>What the message waited for is over: what waits is due now, or at the first moment at which its sender lets it go.</summary>
    public static Step Release(MessageState state, DateTimeOffset now)
    {
        var from = state.SendAt > now ? state.SendAt.Value : now;
        return new(state with
        {
            WaitsFor = null,
            Recipients = [.. state.Recipients.Select((recipient, index) =>
                recipient.IsOpen && !IsInAttempt(state, index) && InWindow(state, recipient, from) is var due && recipient.NextDue > due ? recipient with { NextDue = due } : recipient)],
        }, []);
    }

    /// <summary>The first moment from <paramref name="at"/> on at which the sender lets the recipient's mail go.</summary>
    internal static DateTimeOffset InWindow(MessageState state, RecipientRecord recipient, DateTimeOffset at) => state.Window is { } window ? SendWindowCalendar.Next(window, recipient.TimeZone, at) : at;

    /// <summary>Ends every recipient that is open, in no attempt, and <paramref name="chosen"/> where that is given, because its time is over.</summary>
    public static Step Expire(MessageState state, DateTimeOffset now, Func<int, bool>? chosen = null) =>
        End(state, Fate.Expired, EventType.Expired, Categories.Expired, now, chosen: chosen);

    /// <summary>Ends recipients that are on the suppression list, each for its reason; those in an attempt are left alone.</summary>
    public static Step Suppress(MessageState state, IReadOnlyDictionary<int, string> reasons, DateTimeOffset now)
    {
        var step = new Step(state, []);
        foreach (var (recipient, reason) in reasons)
        {
            var next = End(step.State, Fate.Suppressed, EventType.Suppressed, Categories.Suppressed, now, reason, index => index == recipient);
            step = next with { Events = step.Events.AddRange(next.Events) };
        }

        return step;
    }

    /// <summary>Ends every recipient that is open, in no attempt, and <paramref name="chosen"/> where that is given.</summary>
    internal static Step End(MessageState state, Fate fate, EventType type, string category, DateTimeOffset now, string? detail = null, Func<int, bool>? chosen = null)
    {
        var recipients = state.Recipients.ToBuilder();
        var events = ImmutableArray.CreateBuilder<DeliveryEvent>();
        for (var i = 0; i < recipients.Count; i++)
        {
            var recipient = recipients[i];
            if (!recipient.IsOpen || IsInAttempt(state, i) || chosen?.Invoke(i) == false) continue;
            recipients[i] = recipient with { Fate = fate, Category = detail is null ? recipient.Category : category };
            events.Add(Fact(state, type, now) with { Recipient = recipient.Address, Category = category, Reply = recipient.LastReply, Detail = detail });
        }

        return Settle(state with { Recipients = recipients.MoveToImmutable() }, events.ToImmutable(), now);
    }

    public static bool IsInAttempt(MessageState state, int recipient)
    {
        foreach (var attempt in state.Open)
            if (attempt.Recipients.Contains(recipient))
                return true;
        return false;
    }

    static (RecipientRecord After, DeliveryEvent Fact) Apply(MessageState state, RecipientRecord before, RecipientOutcome outcome, DateTimeOffset now)
    {
        var after = before with { LastReply = outcome.Reply ?? before.LastReply, Category = outcome.Outcome.Category };
        var fact = Fact(state, default, now) with { Recipient = before.Address, Reply = outcome.Reply, Category = outcome.Outcome.Category };
        return outcome.Outcome.Kind switch
        {
            OutcomeKind.Delivered => (after with { Fate = Fate.Delivered }, fact with { Type = EventType.Delivered }),
            OutcomeKind.Failed => (after with { Fate = Fate.Bounced }, fact with { Type = EventType.Bounced }),
            OutcomeKind.Uncertain when state.Doubt is DoubtPolicy.Stop => (after with { Fate = Fate.Uncertain }, fact with { Type = EventType.Uncertain }),
            OutcomeKind.Uncertain or OutcomeKind.Deferred when outcome.NextDue is null => (after with { Fate = Fate.Expired }, fact with { Type = EventType.Expired }),
            OutcomeKind.Uncertain => (after with { Fate = Fate.Deferred, NextDue = outcome.NextDue.Value }, fact with { Type = EventType.Uncertain, NextAttemptAt = outcome.NextDue }),
            OutcomeKind.Deferred => (after with { Fate = Fate.Deferred, NextDue = outcome.NextDue!.Value }, fact with { Type = EventType.Deferred, NextAttemptAt = outcome.NextDue }),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    // A doubt is told even when no time is left for another try, or a possible duplicate would go unexplained.
    static IEnumerable<DeliveryEvent> Tell(DeliveryEvent fact, RecipientOutcome outcome, RecipientRecord after)
    {
        if (outcome.Outcome.Kind is OutcomeKind.Uncertain && after.Fate is Fate.Expired) yield return fact with { Type = EventType.Uncertain };
        yield return fact;
    }

    /// <summary>Whether every recipient has its fate.</summary>
    public static bool IsDone(MessageState state) => state.Open.IsEmpty && state.Recipients.All(recipient => !recipient.IsOpen);

    static Step Settle(MessageState state, ImmutableArray<DeliveryEvent> events, DateTimeOffset now)
    {
        return new Step(IsDone(state) ? state with { FinalAt = now } : state, events);
    }

    internal static DeliveryEvent Fact(MessageState state, EventType type, DateTimeOffset now) => new()
    {
        MessageId = state.Id,
        Type = type,
        At = now,
        Tenant = state.Tenant,
        Campaign = state.Campaign,
        Tags = [.. state.Tags],
        IdempotencyKey = state.IdempotencyKey,
    };
}
