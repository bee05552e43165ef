using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Tests.Messages;

/// <summary>What a message waited for is over; its sender's own times hold on.</summary>
public sealed class MessageReleaseTests
{
    static readonly DateTimeOffset Now = new(2026, 5, 1, 18, 0, 0, TimeSpan.Zero);
    static readonly SendWindow Office = new(new TimeOnly(9, 0), new TimeOnly(17, 0));
    static readonly DateTimeOffset Opens = new(2026, 5, 2, 9, 0, 0, TimeSpan.Zero);

    static MessageState Waiting => new()
    {
        Id = new MessageId(7),
        Tenant = "t",
        Tags = [],
        Fingerprint = [],
        From = "a@b.example",
        Recipients = [new RecipientRecord { Address = "ann@example.com", NextDue = Now.AddDays(3) }],
        AcceptedAt = Now.AddMinutes(-1),
        ExpiresAt = Now.AddDays(10),
        ContentBytes = 1,
        WaitsFor = "limit:tenant:t",
    };

    [Fact]
    public void Release_WhatWaits_IsDueNowAndWaitsNoMore()
    {
        var state = MessageTransitions.Release(Waiting, Now).State;
        Assert.Equal((Now, null), (state.Recipients[0].NextDue, state.WaitsFor));
    }

    [Fact]
    public void Release_OutsideOfItsWindow_IsDueWhenThatOpens() =>
        Assert.Equal(Opens, MessageTransitions.Release(Waiting with { Window = Office }, Now).State.Recipients[0].NextDue);

    [Fact]
    public void Release_BeforeItsTimeToSend_IsDueThen() =>
        Assert.Equal(Now.AddDays(2), MessageTransitions.Release(Waiting with { SendAt = Now.AddDays(2) }, Now).State.Recipients[0].NextDue);

    [Fact]
    public void Release_WhatIsDueSooner_StaysAsItIs()
    {
        var due = Waiting with { Recipients = [new RecipientRecord { Address = "ann@example.com", NextDue = Now.AddHours(-1) }] };
        Assert.Equal(Now.AddHours(-1), MessageTransitions.Release(due, Now).State.Recipients[0].NextDue);
    }

    [Fact]
    public void Postpone_ToATimeOutsideOfItsWindow_IsDueWhenThatOpens()
    {
        var due = Waiting with { Window = Office, Recipients = [new RecipientRecord { Address = "ann@example.com", NextDue = Now.AddHours(-2) }] };
        Assert.Equal(Opens, MessageTransitions.Postpone(due, [0], Now.AddHours(1), null, isDown: false, Now).State.Recipients[0].NextDue);
    }

    [Fact]
    public void Postpone_ForASiteThatIsDown_IsToldOnce()
    {
        var due = Waiting with { Recipients = [new RecipientRecord { Address = "ann@example.com", NextDue = Now }] };
        var first = MessageTransitions.Postpone(due, [0], Now.AddHours(1), "mx.example.com", isDown: true, Now);
        Assert.Equal((EventType.Deferred, Now.AddHours(1)), (Assert.Single(first.Events).Type, first.Events[0].NextAttemptAt));
        var again = MessageTransitions.Postpone(first.State, [0], Now.AddHours(2), "mx.example.com", isDown: true, Now.AddHours(1));
        Assert.Empty(again.Events);
        Assert.Equal((Now.AddHours(2), "mx.example.com"), (again.State.Recipients[0].NextDue, again.State.WaitsFor));
    }

    [Fact]
    public void Complete_ManyTimes_KeepsTheNewestOfItsHistory()
    {
        var state = Waiting;
        for (var i = 0; i < MessageTransitions.MaxHistory + 5; i++)
        {
            state = MessageTransitions.Begin(state, "example.com", "mx.example.com", [0], default, 1, Now, Now.AddMinutes(20)).State;
            state = MessageTransitions.Complete(state, state.Open[0], [new RecipientOutcome(new Outcome(OutcomeKind.Deferred, FailureScope.Recipient, Categories.MailboxFull, "test"), null, Now)], null, null, Now).State;
        }

        Assert.Equal(Enumerable.Range(6, MessageTransitions.MaxHistory), state.History.Select(attempt => attempt.Number));
        Assert.Equal(MessageTransitions.MaxHistory + 5, state.AttemptCount);
    }
}
