using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>What is not known to have arrived, and what never left.</summary>
public sealed class DoubtTests : ClockedTests
{
    static readonly SessionFailure Refused = new(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, "refused");

    async Task<SubmitRequest> DoubtAsync(DoubtPolicy policy, TimeSpan? wait = null)
    {
        await StartAsync();
        Cluster.Wire.Answer = ScriptedWire.LoseReply;
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { Doubt = policy, DoubtWait = wait });
        await WhenAsync(request.Id, status => status is { AttemptCount: 1, State.Name: not "Delivering" }, "the attempt should have ended");
        Cluster.Wire.Answer = ScriptedWire.Accept;
        return request;
    }

    async Task<EventType[]> ToldAsync(SubmitRequest request) =>
        [.. (await Cluster.EventsAsync(new EventFilter { MessageId = request.Id })).Select(item => item.Type).Where(type => type != EventType.Accepted && type != EventType.Attempting)];

    [Fact]
    public async Task Under_retry_a_doubt_is_told_and_the_message_sent_again_by_the_ordinary_waits()
    {
        var request = await DoubtAsync(DoubtPolicy.Retry);
        var status = await TriedAsync(request.Id, 1);
        Assert.Equal((MailState.Deferred, "in-doubt"), (status.State, status.Recipients[0].Category));
        Assert.Equal(Start.AddMinutes(1), status.NextAttemptAt);
        PassTo(status.NextAttemptAt!.Value);
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
        Assert.Equal([EventType.Uncertain, EventType.Delivered], await ToldAsync(request));
        Assert.Equal(2, SentTo("ann@example.com").Count);
    }

    [Fact]
    public async Task Under_retry_after_a_time_it_waits_that_time()
    {
        var request = await DoubtAsync(DoubtPolicy.Retry, TimeSpan.FromHours(2));
        Assert.Equal(Start.AddHours(2), (await TriedAsync(request.Id, 1)).NextAttemptAt);
        PassTo(Start.AddMinutes(119));
        await SweptAsync(request.Id);
        Assert.Single(SentTo("ann@example.com"));
        PassTo(Start.AddHours(2));
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
        Assert.Equal(2, SentTo("ann@example.com").Count);
    }

    [Fact]
    public async Task Under_stop_it_ends_in_doubt_and_is_never_sent_again()
    {
        var request = await DoubtAsync(DoubtPolicy.Stop);
        Assert.Equal(MailState.Uncertain, (await FinalAsync(request.Id)).State);
        Pass(TimeSpan.FromDays(1));
        await SweptAsync(request.Id);
        Assert.Single(SentTo("ann@example.com"));
        Assert.Equal([EventType.Uncertain], await ToldAsync(request));
    }

    [Theory]
    [InlineData(DoubtPolicy.Stop, false, "Deferred")]
    [InlineData(DoubtPolicy.Retry, true, "Deferred")]
    [InlineData(DoubtPolicy.Retry, false, "Uncertain")]
    public async Task One_of_several_silos_that_ends_before_the_end_of_data_leaves_a_doubt_only_where_no_note_was_asked_for(DoubtPolicy policy, bool marksAll, string told)
    {
        Cluster.Faults.IsShared = true;
        await StartAsync(delivery => delivery.MarkEveryAttempt = marksAll);
        var sending = Cluster.Wire.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { Doubt = policy });
        await sending.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Cluster.Wire.Hold = null;
        await Cluster.RestartAsync();
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
        Assert.Equal([told, "Delivered"], (await ToldAsync(request)).Select(type => type.Name));
        Assert.Single(SentTo("ann@example.com"));
    }

    [Theory]
    [InlineData(DoubtPolicy.Retry, false, "Delivered")]
    [InlineData(DoubtPolicy.Stop, false, "Uncertain")]
    [InlineData(DoubtPolicy.Stop, true, "Uncertain")]
    public async Task A_process_that_ends_between_the_end_of_data_and_its_answer_leaves_a_doubt(DoubtPolicy policy, bool isShared, string end)
    {
        Cluster.Faults.IsShared = isShared;
        await StartAsync();
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isFirst = true;
        Cluster.Wire.Answer = transaction =>
        {
            if (!isFirst) return ScriptedWire.Accept(transaction);
            isFirst = false;
            // Said, and nothing of the answer is ever stored.
            var transcript = ScriptedWire.Accept(transaction);
            Cluster.Faults.IsDown = true;
            sent.SetResult();
            return transcript;
        };
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { Doubt = policy });
        await sent.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await Cluster.RestartAsync((_, _) =>
        {
            Cluster.Faults.IsDown = false;
            return Task.CompletedTask;
        });
        Assert.Equal(end, (await FinalAsync(request.Id)).State.Name);
        Assert.Equal(policy is DoubtPolicy.Stop ? [EventType.Uncertain] : [EventType.Uncertain, EventType.Delivered], await ToldAsync(request));
        Assert.Equal(policy is DoubtPolicy.Stop ? 1 : 2, SentTo("ann@example.com").Count);
    }

    [Fact]
    public async Task Attempts_of_which_nothing_came_to_the_wire_are_not_counted()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Cluster.Wire.Gate = gate.Task;
        await StartAsync(also: OneSession);
        var requests = new List<SubmitRequest>();
        for (var i = 0; i < 8; i++) requests.Add(await SubmitAsync($"r{i}@example.com"));
        // One is on the wire, and the attempts of the others are begun behind it.
        foreach (var request in requests) await WhenAsync(request.Id, status => status.State == MailState.Delivering, "it should have been begun");
        Cluster.Wire.OnConnect = _ => Refused;
        Cluster.Wire.BreakSessions();
        gate.SetResult();
        await MailCluster.UntilAsync(async () =>
        {
            var states = await Task.WhenAll(requests.Select(request => Cluster.StatusAsync(request.Id)));
            return states.All(status => status!.State == MailState.Delivered || status.State == MailState.Deferred);
        }, "all but the first should wait for the site");
        var statuses = (await Task.WhenAll(requests.Select(request => Cluster.StatusAsync(request.Id)))).Select(status => status!).ToList();
        Assert.Single(statuses, status => status.State == MailState.Delivered);
        // The failed connection was the attempt of one of them, and of no other.
        Assert.Single(statuses, status => status.State == MailState.Deferred && status.AttemptCount == 1);
        Assert.All(statuses, status => Assert.Equal((status.AttemptCount, status.AttemptCount), (status.Attempts.Length, status.Recipients[0].AttemptCount)));

        Cluster.Wire.OnConnect = _ => null;
        await MailCluster.UntilAsync(async () =>
        {
            Pass(TimeSpan.FromMinutes(2));
            return (await Task.WhenAll(requests.Select(request => Cluster.StatusAsync(request.Id)))).All(status => status!.IsFinal);
        }, "all should be delivered when the site is back");
        Assert.Equal(8, Cluster.Wire.Received.Count);
    }
}
