using System.Text.Json;

namespace Orleans.Mail.Ledger.Tests;

public sealed class LedgerCheckerTests
{
    static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;

    static SubmittedLine Accepted(string id, params string[] recipients) => new(id, recipients, At, SubmitOutcome.Accepted, "abc", 3);

    static ReceivedLine Copy(string id, string recipient, SinkPhase phase = SinkPhase.Taken, string sha256 = "abc") => new(At, id, recipient, phase, 3, sha256);

    static EventLine Event(string id, string type, string? recipient = null, bool isFinal = false) => new(id, type, At, recipient, 1, isFinal);

    [Fact]
    public void A_run_where_all_arrives_once_is_clean()
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x", "b@x")], [Copy("m", "a@x"), Copy("m", "b@x")], [Event("m", "Delivered", "a@x"), Event("m", "Delivered", "b@x")]);

        Assert.True(report.IsClean);
        Assert.Equal((1, 2, 2), (report.Messages, report.Accepted, report.Delivered));
    }

    [Fact]
    public void An_accepted_recipient_that_never_arrives_is_lost()
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x", "b@x")], [Copy("m", "a@x")], []);

        Assert.Equal(1, report.Lost);
        Assert.Equal(0, report.FalselyDelivered);
        Assert.False(report.IsClean);
        Assert.Equal("lost: m b@x", Assert.Single(report.Examples!));
    }

    [Fact]
    public void The_services_own_word_is_no_delivery()
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x")], [], [Event("m", "Delivered", "a@x")], [new QueuedLine("m")]);

        Assert.Equal((1, 1), (report.Lost, report.FalselyDelivered));
        Assert.False(report.IsClean);
    }

    [Theory]
    [InlineData("Bounced")]
    [InlineData("Expired")]
    [InlineData("Cancelled")]
    [InlineData("Suppressed")]
    public void A_recipient_that_an_event_ends_is_not_lost(string type)
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x", "b@x")], [Copy("m", "b@x")], [Event("m", type, "a@x")]);

        Assert.True(report.IsClean);
        Assert.Equal((1, 1), (report.Ended, report.Delivered));
    }

    [Theory]
    [InlineData("Accepted")]
    [InlineData("Attempting")]
    [InlineData("Deferred")]
    [InlineData("Quarantined")]
    public void An_event_that_ends_nothing_excuses_nothing(string type) =>
        Assert.Equal(1, LedgerChecker.Check([Accepted("m", "a@x")], [], [Event("m", type, "a@x")]).Lost);

    [Fact]
    public void Uncertain_ends_a_recipient_only_where_it_says_so()
    {
        Assert.Equal(1, LedgerChecker.Check([Accepted("m", "a@x")], [], [Event("m", "Uncertain", "a@x")]).Lost);
        Assert.Equal(1, LedgerChecker.Check([Accepted("m", "a@x")], [], [Event("m", "Uncertain", "a@x", isFinal: true)]).Ended);
    }

    [Fact]
    public void An_event_of_the_whole_message_ends_the_recipients_that_were_open()
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x", "b@x")], [Copy("m", "a@x")], [Event("m", "Delivered", "a@x"), Event("m", "Cancelled")]);

        Assert.True(report.IsClean);
        Assert.Equal((1, 1), (report.Delivered, report.Ended));
    }

    [Fact]
    public void A_visibly_waiting_recipient_is_not_lost()
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x"), Accepted("n", "b@x")], [], [], [new QueuedLine("m", "a@x"), new QueuedLine("n")]);

        Assert.True(report.IsClean);
        Assert.Equal(2, report.Queued);
    }

    [Fact]
    public void A_copy_that_the_sink_refused_is_no_delivery() =>
        Assert.Equal(1, LedgerChecker.Check([Accepted("m", "a@x")], [Copy("m", "a@x", SinkPhase.Refused)], []).Lost);

    [Fact]
    public void A_second_copy_without_an_Uncertain_event_is_an_unexplained_duplicate()
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x")], [Copy("m", "a@x"), Copy("m", "a@x")], [Event("m", "Delivered", "a@x")]);

        Assert.Equal((1, 0, 1), (report.Duplicates, report.ExplainedDuplicates, report.UnexplainedDuplicates));
        Assert.False(report.IsClean);
    }

    [Fact]
    public void One_Uncertain_event_explains_one_extra_copy_of_its_recipient()
    {
        ReceivedLine[] copies = [Copy("m", "a@x", SinkPhase.TakenUnanswered), Copy("m", "a@x"), Copy("m", "a@x"), Copy("m", "b@x"), Copy("m", "b@x")];
        var report = LedgerChecker.Check([Accepted("m", "a@x", "b@x")], copies, [Event("m", "Uncertain", "a@x")]);

        Assert.Equal((3, 1, 2), (report.Duplicates, report.ExplainedDuplicates, report.UnexplainedDuplicates));
    }

    [Fact]
    public void An_Uncertain_event_of_another_message_explains_nothing() =>
        Assert.Equal(1, LedgerChecker.Check([Accepted("m", "a@x"), Accepted("n", "a@x")], [Copy("m", "a@x"), Copy("m", "a@x"), Copy("n", "a@x")], [Event("n", "Uncertain", "a@x")]).UnexplainedDuplicates);

    [Fact]
    public void What_nobody_submitted_is_unexpected()
    {
        ReceivedLine[] copies = [Copy("m", "a@x"), Copy("m", "other@x"), Copy("unknown", "a@x")];
        var report = LedgerChecker.Check([Accepted("m", "a@x")], copies, []);

        Assert.Equal(2, report.Unexpected);
        Assert.False(report.IsClean);
    }

    [Fact]
    public void What_was_refused_must_not_arrive() =>
        Assert.Equal(1, LedgerChecker.Check([Accepted("m", "a@x") with { Outcome = SubmitOutcome.Refused }], [Copy("m", "a@x")], []).Unexpected);

    [Fact]
    public void What_may_have_been_accepted_may_arrive_and_need_not()
    {
        SubmittedLine[] submitted = [Accepted("m", "a@x") with { Outcome = SubmitOutcome.Unknown }, Accepted("n", "a@x") with { Outcome = SubmitOutcome.Unknown }];
        var report = LedgerChecker.Check(submitted, [Copy("m", "a@x")], []);

        Assert.True(report.IsClean);
        Assert.Equal((0, 1), (report.Accepted, report.Recovered));
    }

    [Fact]
    public void A_receipt_after_an_unknown_outcome_is_owed()
    {
        SubmittedLine[] submitted = [Accepted("m", "a@x") with { Outcome = SubmitOutcome.Unknown }, Accepted("m", "a@x")];

        Assert.Equal(1, LedgerChecker.Check(submitted, [], []).Lost);
    }

    [Fact]
    public void Content_that_changed_is_altered()
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x")], [Copy("m", "a@x", sha256: "abd")], []);

        Assert.Equal(1, report.Altered);
        Assert.False(report.IsClean);
    }

    [Fact]
    public void Two_final_events_of_one_recipient_are_contradicted()
    {
        var report = LedgerChecker.Check([Accepted("m", "a@x")], [Copy("m", "a@x")], [Event("m", "Delivered", "a@x"), Event("m", "Delivered", "a@x")]);

        Assert.Equal(1, report.Contradicted);
        Assert.False(report.IsClean);
    }

    [Fact]
    public void Addresses_are_compared_without_case() =>
        Assert.True(LedgerChecker.Check([Accepted("m", "a@X.test")], [Copy("m", "a@x.test")], []).IsClean);

    [Fact]
    public void The_json_names_every_figure()
    {
        var json = JsonSerializer.Serialize(new LedgerReport(), LedgerJson.Default.LedgerReport);

        foreach (var name in (string[])["accepted", "delivered", "lost", "unexpected", "recovered", "duplicates", "explainedDuplicates", "unexplainedDuplicates", "altered", "ok"])
            Assert.Contains($"\"{name}\":", json, StringComparison.Ordinal);
    }
}
