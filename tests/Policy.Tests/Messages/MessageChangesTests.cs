using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Tests.Messages;

/// <summary>Every state against every change.</summary>
public sealed class MessageChangesTests
{
    static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly DateTimeOffset Latest = Now.AddYears(1);

    public enum Start
    {
        Due,
        Scheduled,
        Deferred,
        Suspended,
        Delivering,

        /// <summary>One recipient in an attempt, the other deferred.</summary>
        Split,
        Final,
    }

    public enum Asked
    {
        Later,
        Sooner,
        Urgent,
        Longer,
        Rerouted,
        Suspend,
        Resume,
        Retry,
        Cancel,
        Fail,
    }

    static MessageState State(Start start)
    {
        var state = new MessageState
        {
            Id = new MessageId(7),
            Tenant = "t",
            Campaign = "spring",
            Tags = ["a"],
            Fingerprint = [],
            From = "a@b.example",
            Recipients = [new RecipientRecord { Address = "ann@example.com", NextDue = Now }],
            AcceptedAt = Now.AddMinutes(-1),
            ExpiresAt = Now.AddDays(2),
            ContentBytes = 1,
        };
        var deferred = state with { Recipients = [state.Recipients[0] with { Fate = Fate.Deferred, NextDue = Now.AddHours(1), Category = Categories.Greylisted }] };
        return start switch
        {
            Start.Due => state,
            Start.Scheduled => state with { SendAt = Now.AddHours(2), Recipients = [state.Recipients[0] with { NextDue = Now.AddHours(2) }] },
            Start.Deferred => deferred,
            Start.Suspended => deferred with { IsSuspended = true, Reason = "before" },
            Start.Delivering => MessageTransitions.Begin(state, "example.com", "example.com", [0], default, 1, Now, Now.AddMinutes(20)).State,
            Start.Split => MessageTransitions.Begin(state with { Recipients = [state.Recipients[0], deferred.Recipients[0] with { Address = "bob@example.org" }] }, "example.com", "example.com", [0], default, 1, Now, Now.AddMinutes(20)).State,
            Start.Final => state with { Recipients = [state.Recipients[0] with { Fate = Fate.Delivered }], FinalAt = Now.AddSeconds(-1) },
            _ => throw new ArgumentOutOfRangeException(nameof(start)),
        };
    }

    static MessageChange Change(Asked asked) => asked switch
    {
        Asked.Later => new() { SendAt = Now.AddHours(5) },
        Asked.Sooner => new() { SendAt = Now.AddHours(-1) },
        Asked.Urgent => new() { Priority = Priority.High },
        Asked.Longer => new() { ExpiresAt = Now.AddDays(9) },
        Asked.Rerouted => new() { Route = "relay" },
        Asked.Suspend => new() { Action = MessageAction.Suspend, Reason = "why" },
        Asked.Resume => new() { Action = MessageAction.Resume },
        Asked.Retry => new() { Action = MessageAction.RetryNow },
        Asked.Cancel => new() { Action = MessageAction.Cancel, Reason = "why" },
        Asked.Fail => new() { Action = MessageAction.Fail, Reason = "why" },
        _ => throw new ArgumentOutOfRangeException(nameof(asked)),
    };

    // Rows: Later Sooner Urgent Longer Rerouted Suspend Resume Retry Cancel Fail.
    // C changed, with events; c nothing to do, and that is as good; L too late; F final; I invalid.
    [Theory]
    [InlineData(Start.Due, "CcCCCCccCC")]
    [InlineData(Start.Scheduled, "CCCCCCcCCC")]
    [InlineData(Start.Deferred, "CCCCCCcCCC")]
    [InlineData(Start.Suspended, "CCCCCcCICC")]
    [InlineData(Start.Delivering, "LLCCLCcLLL")]
    [InlineData(Start.Split, "LLCCLCcCLL")]
    [InlineData(Start.Final, "FFFFFFFFFF")]
    public void Every_change_of_every_state_has_its_answer(Start start, string expected)
    {
        var answers = string.Concat(Enum.GetValues<Asked>().Select(asked =>
        {
            var decision = MessageChanges.Decide(State(start), Change(asked), Latest, Now);
            return decision.Answer.Result switch
            {
                ChangeResult.Changed => decision.Step is null ? 'c' : 'C',
                ChangeResult.TooLate => 'L',
                ChangeResult.AlreadyFinal => 'F',
                _ => 'I',
            };
        }));
        Assert.Equal(expected, answers);
    }

    [Fact]
    public void Values_at_a_bound_are_taken_and_those_behind_it_are_not()
    {
        var state = State(Start.Deferred);
        ChangeResult Of(MessageChange change) => MessageChanges.Decide(state, change, Latest, Now).Answer.Result;

        MessageChange[] good =
        [
            new() { Route = new string('r', 128) }, new() { ExpiresAt = Latest }, new() { ExpiresAt = Now.AddTicks(1) }, new() { SendAt = state.ExpiresAt.AddTicks(-1) },
            new() { SendAt = state.ExpiresAt, ExpiresAt = state.ExpiresAt.AddTicks(1) }, new() { Action = MessageAction.Fail, Reason = new string('r', MessageChange.MaxReasonLength) },
        ];
        MessageChange[] bad =
        [
            new() { Route = new string('r', 129) }, new() { ExpiresAt = Latest.AddTicks(1) }, new() { ExpiresAt = Now }, new() { SendAt = state.ExpiresAt },
            new() { SendAt = Now.AddHours(2), ExpiresAt = Now.AddHours(2) }, new() { Action = MessageAction.Fail, Reason = new string('r', MessageChange.MaxReasonLength + 1) },
            new() { Action = MessageAction.Fail, Priority = Priority.High }, new() { Action = MessageAction.RetryNow, SendAt = Now.AddHours(1) }, new(),
        ];
        Assert.All(good, change => Assert.Equal(ChangeResult.Changed, Of(change)));
        Assert.All(bad, change => Assert.Equal(ChangeResult.Invalid, Of(change)));
    }

    [Fact]
    public void Whatever_is_changed_is_told_and_changing_again_changes_nothing()
    {
        foreach (var start in Enum.GetValues<Start>())
            foreach (var asked in Enum.GetValues<Asked>())
            {
                if (MessageChanges.Decide(State(start), Change(asked), Latest, Now).Step is not { } step) continue;
                Assert.NotEmpty(step.Events);
                Assert.All(step.Events, item => Assert.Equal(Now, item.At));
                var again = MessageChanges.Decide(step.State, Change(asked), Latest, Now);
                Assert.Null(again.Step);
                Assert.NotEqual(ChangeResult.Invalid, again.Answer.Result);
            }
    }

    [Fact]
    public void A_new_time_moves_every_open_recipient_and_a_past_one_means_at_once()
    {
        var later = MessageChanges.Decide(State(Start.Deferred), Change(Asked.Later), Latest, Now).Step!;
        Assert.Equal((Now.AddHours(5), Now.AddHours(5)), (later.State.SendAt, later.State.Recipients[0].NextDue));
        Assert.Equal((EventType.Rescheduled, Now.AddHours(5)), (later.Events[0].Type, later.Events[0].NextAttemptAt));
        var sooner = MessageChanges.Decide(later.State, Change(Asked.Sooner), Latest, Now).Step!;
        Assert.Equal((null, Now), (sooner.State.SendAt, sooner.State.Recipients[0].NextDue));
    }

    [Fact]
    public void Retry_now_leaves_the_recipient_of_a_running_attempt_alone()
    {
        var before = State(Start.Split);
        var after = MessageChanges.Decide(before, Change(Asked.Retry), Latest, Now).Step!.State;
        Assert.Equal(before.Recipients[0], after.Recipients[0]);
        Assert.Equal(Now, after.Recipients[1].NextDue);
        Assert.Equal(before.Open, after.Open);
    }

    [Theory]
    [InlineData(Asked.Cancel, Fate.Cancelled, Categories.Cancelled)]
    [InlineData(Asked.Fail, Fate.Bounced, Categories.FailedByOperator)]
    public void An_end_keeps_the_reason_and_tells_it_once_a_recipient(Asked asked, Fate fate, string category)
    {
        var step = MessageChanges.Decide(State(Start.Deferred), Change(asked), Latest, Now).Step!;
        Assert.Equal((fate, category, Now, "why"), (step.State.Recipients[0].Fate, step.State.Recipients[0].Category, step.State.FinalAt, step.State.Reason));
        Assert.Equal((category, "why"), (Assert.Single(step.Events).Category, step.Events[0].Detail));
        Assert.Equal("why", MessageView.Status(step.State, Now, []).Reason);
    }

    [Fact]
    public void Several_settings_change_in_one_step_or_none_does()
    {
        var change = new MessageChange { Priority = Priority.Bulk, ExpiresAt = Now.AddDays(3), Route = "relay", SendAt = Now.AddHours(1), Action = MessageAction.Suspend, Reason = "why" };
        var step = MessageChanges.Decide(State(Start.Due), change, Latest, Now).Step!;
        Assert.Equal(["priority", "expiry", "route", null, null], step.Events.Select(item => item.Category));
        Assert.Equal((Priority.Bulk, Now.AddDays(3), "relay", true), (step.State.Priority, step.State.ExpiresAt, step.State.Route, step.State.IsSuspended));
        Assert.Equal(ChangeResult.TooLate, MessageChanges.Decide(State(Start.Delivering), change, Latest, Now).Answer.Result);
    }

    public static TheoryData<MessageChange> Nonsense() =>
    [
        new MessageChange(),
        new MessageChange { Action = (MessageAction)99 },
        new MessageChange { Priority = (Priority)99 },
        new MessageChange { Action = MessageAction.Cancel, Priority = Priority.High },
        new MessageChange { Action = MessageAction.RetryNow, SendAt = Now.AddHours(1) },
        new MessageChange { Action = MessageAction.Suspend, Reason = new string('x', MessageChange.MaxReasonLength + 1) },
        new MessageChange { Action = MessageAction.Suspend, Reason = "two\nlines" },
        new MessageChange { ExpiresAt = Now },
        new MessageChange { ExpiresAt = Latest.AddSeconds(1) },
        new MessageChange { SendAt = Now.AddDays(2) },
        new MessageChange { SendAt = Now.AddHours(2), ExpiresAt = Now.AddHours(1) },
    ];

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void A_change_that_contradicts_itself_is_refused_with_a_remedy(MessageChange change)
    {
        var decision = MessageChanges.Decide(State(Start.Due), change, Latest, Now);
        Assert.Equal(ChangeResult.Invalid, decision.Answer.Result);
        Assert.EndsWith(".", decision.Answer.Problem, StringComparison.Ordinal);
        Assert.Null(decision.Step);
    }

    [Fact]
    public void Suppress_EndsThoseNamed_EachForItsReason()
    {
        var state = State(Start.Due) with { Recipients = [.. Enumerable.Range(0, 3).Select(number => new RecipientRecord { Address = $"a{number}@example.com", NextDue = Now })] };
        var step = MessageTransitions.Suppress(state, new Dictionary<int, string> { [0] = "one", [2] = "two" }, Now);
        Assert.Equal([Fate.Suppressed, Fate.Pending, Fate.Suppressed], step.State.Recipients.Select(recipient => recipient.Fate));
        Assert.Equal([("a0@example.com", "one"), ("a2@example.com", "two")], step.Events.Select(item => (item.Recipient!, item.Detail!)));
        Assert.False(step.State.IsFinal);
        var whole = MessageTransitions.Suppress(step.State, new Dictionary<int, string> { [1] = "three" }, Now);
        Assert.True(whole.State.IsFinal);
    }

    [Theory]
    [InlineData("t", "spring", "a", "example.com", Categories.Greylisted, true)]
    [InlineData("u", null, null, null, null, false)]
    [InlineData(null, "autumn", null, null, null, false)]
    [InlineData(null, null, "b", null, null, false)]
    [InlineData(null, null, null, "example.org", null, false)]
    [InlineData(null, null, null, "EXAMPLE.com", null, true)]
    [InlineData(null, null, null, null, Categories.Dns, false)]
    [InlineData(null, null, null, null, null, true)]
    public void A_selection_means_those_that_fit_in_everything(string? tenant, string? campaign, string? tag, string? site, string? category, bool expected)
    {
        var selection = new MessageSelection { Tenant = tenant, Campaign = campaign, Tag = tag, Site = site, Category = category };
        Assert.Equal(expected, MessageSelector.Matches(selection, State(Start.Deferred), Now));
        Assert.False(MessageSelector.Matches(selection, State(Start.Final), Now));
    }

    [Fact]
    public void A_selection_knows_the_site_that_a_recipient_was_last_tried_at()
    {
        var open = MessageTransitions.Begin(State(Start.Due), "mx.provider.example", "mx.provider.example", [0], default, 1, Now, Now.AddMinutes(20)).State;
        var outcome = new RecipientOutcome(new Outcome(OutcomeKind.Deferred, FailureScope.Recipient, Categories.Greylisted, "rule"), null, Now.AddHours(1));
        var deferred = MessageTransitions.Complete(open, open.Open[0], [outcome], null, null, Now).State;
        Assert.True(MessageSelector.Matches(new MessageSelection { Site = "mx.provider.example" }, open, Now));
        Assert.True(MessageSelector.Matches(new MessageSelection { Site = "mx.provider.example", State = MailState.Deferred }, deferred, Now));
        Assert.False(MessageSelector.Matches(new MessageSelection { Site = "mx.other.example" }, deferred, Now));
        Assert.False(MessageSelector.Matches(new MessageSelection { State = MailState.Accepted }, deferred, Now));
    }
}
