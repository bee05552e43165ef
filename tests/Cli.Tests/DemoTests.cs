using Orleans.Mail.Cli.Demo;
using Orleans.Mail.Testing;

namespace Orleans.Mail.Cli.Tests;

/// <summary>The demo's plan and board.</summary>
public sealed class DemoTests
{
    const string Generation = "g1";

    static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Names_are_unique_so_that_keys_are() =>
        Assert.Equal(DemoPlan.All.Length, DemoPlan.All.Select(message => DemoPlan.IdOf(Generation, message)).Distinct().Count());

    [Fact]
    public void A_generation_has_ids_of_its_own() =>
        Assert.Empty(DemoPlan.All.Select(message => DemoPlan.IdOf("g1", message)).Intersect(DemoPlan.All.Select(message => DemoPlan.IdOf("g2", message))));

    [Fact]
    public async Task Every_draft_is_good_and_its_id_is_known_beforehand()
    {
        var service = new FakeMailClient();
        foreach (var message in DemoPlan.All)
        {
            var submission = await service.SubmitAsync(DemoPlan.Draft(Generation, message), TestContext.Current.CancellationToken);
            Assert.Equal(DemoPlan.IdOf(Generation, message), submission.Id);
        }
    }

    [Fact]
    public async Task The_plan_of_a_later_run_is_the_same_submission()
    {
        var service = new FakeMailClient();
        await service.SubmitManyAsync(DemoPlan.All.Select(message => DemoPlan.Draft(Generation, message)), TestContext.Current.CancellationToken);
        var again = await service.SubmitManyAsync(DemoPlan.All.Select(message => DemoPlan.Draft(Generation, message)), TestContext.Current.CancellationToken);
        Assert.All(again, submission => Assert.True(submission.WasDuplicate));
    }

    [Fact]
    public void Board_is_final_only_when_every_message_is()
    {
        var board = new DemoBoard(Generation);
        foreach (var message in DemoPlan.All)
        {
            Assert.False(board.IsFinal);
            board.Apply(Event(message, EventType.Delivered));
        }

        Assert.True(board.IsFinal);
        Assert.Equal(DemoPlan.CrowdSize, board.CrowdFinalCount);
    }

    [Fact]
    public void Board_counts_a_repeated_end_once()
    {
        var board = new DemoBoard(Generation);
        board.Apply(Event(DemoPlan.Crowd[0], EventType.Delivered));
        board.Apply(Event(DemoPlan.Crowd[0], EventType.Delivered));
        Assert.Equal(1, board.CrowdFinalCount);
    }

    [Fact]
    public void An_uncertain_attempt_that_will_be_repeated_is_not_the_end()
    {
        var board = new DemoBoard(Generation);
        var row = board.Apply(Event(DemoPlan.Urgent, EventType.Uncertain) with { NextAttemptAt = Now.AddSeconds(10) });
        Assert.NotNull(row);
        Assert.False(row.IsFinal);
        Assert.True(row.WasUncertain);
        Assert.True(board.Apply(Event(DemoPlan.Urgent, EventType.Uncertain))!.IsFinal);
    }

    [Fact]
    public void An_event_of_before_the_end_does_not_reopen_it()
    {
        var board = new DemoBoard(Generation);
        board.Apply(Status(DemoPlan.Urgent, MailState.Delivered, Now));
        Assert.Equal(MailState.Delivered, board.Apply(Event(DemoPlan.Urgent, EventType.Attempting))!.State);
    }

    [Fact]
    public void Events_of_others_are_no_concern_of_the_board() =>
        Assert.Null(new DemoBoard(Generation).Apply(Event(DemoPlan.Urgent, EventType.Delivered) with { MessageId = DemoPlan.IdOf("another", DemoPlan.Urgent) }));

    [Fact]
    public void Verdict_counts_those_overtaken_and_names_surprises()
    {
        var statuses = new[]
        {
            Status(DemoPlan.Urgent, MailState.Delivered, Now.AddSeconds(3)),
            Status(DemoPlan.Crowd[0], MailState.Delivered, Now.AddSeconds(2)),
            Status(DemoPlan.Crowd[1], MailState.Delivered, Now.AddSeconds(4)),
            Status(DemoPlan.Crowd[2], MailState.Bounced, Now.AddSeconds(5)),
        }.ToDictionary(status => status.Id);
        var verdict = DemoVerdict.Of(Generation, statuses);
        Assert.Equal(2, verdict.OvertakenCount);
        Assert.Equal(DemoPlan.IdOf(Generation, DemoPlan.Crowd[2]), Assert.Single(verdict.Surprises).Id);
        Assert.False(verdict.IsAsPlanned);
    }

    static DeliveryEvent Event(DemoMessage message, EventType type) => new() { MessageId = DemoPlan.IdOf(Generation, message), Type = type, At = Now, Tenant = DemoPlan.Tenant, Recipient = message.To, Attempt = 1 };

    static MessageStatus Status(DemoMessage message, MailState state, DateTimeOffset finalAt) =>
        new() { Id = DemoPlan.IdOf(Generation, message), Tenant = DemoPlan.Tenant, State = state, AcceptedAt = Now, FinalAt = finalAt };
}
