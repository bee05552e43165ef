namespace Orleans.Mail.Grains.Tests;

/// <summary>When a message may leave, and until when it is tried.</summary>
public sealed class TimeTests : ClockedTests
{
    static readonly SendWindow OfficeHours = new(new TimeOnly(9, 0), new TimeOnly(17, 0), "Europe/Berlin");

    [Fact]
    public async Task A_message_leaves_at_its_time_and_not_before()
    {
        await StartAsync();
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { SendAt = Start.AddHours(8) });
        PassTo(Start.AddHours(8).AddSeconds(-5));
        await SweptAsync(request.Id);
        Assert.Equal(MailState.Scheduled, (await Cluster.StatusAsync(request.Id))!.State);
        PassTo(Start.AddHours(8));
        Assert.Equal(Now, (await FinalAsync(request.Id)).Attempts[0].StartedAt);
    }

    [Fact]
    public async Task Each_recipient_is_written_to_when_the_window_opens_in_its_zone()
    {
        await StartAsync();
        // Berlin is two hours ahead in July, New York four behind.
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with
        {
            Recipients = ["ann@example.com", "ben@example.org"],
            Window = OfficeHours,
            RecipientTimeZones = new Dictionary<string, string> { ["ben@example.org"] = "America/New_York" },
        });
        Assert.Equal(Start.AddHours(1), (await Cluster.StatusAsync(request.Id))!.NextAttemptAt);
        PassTo(Start.AddMinutes(59));
        await SweptAsync(request.Id);
        Assert.Empty(SentTo("ann@example.com"));
        PassTo(Start.AddHours(1));
        Assert.Equal(Start.AddHours(7), (await TriedAsync(request.Id, 1)).NextAttemptAt);
        Assert.Single(SentTo("ann@example.com"));
        Assert.Empty(SentTo("ben@example.org"));
        PassTo(Start.AddHours(7));
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
        Assert.Single(SentTo("ben@example.org"));
    }

    [Fact]
    public async Task A_retry_that_falls_behind_the_window_waits_for_the_next_day()
    {
        await StartAsync(delivery => delivery.Backoff = [TimeSpan.FromHours(9)]);
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 451, "4.3.0 Local trouble");
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { Window = OfficeHours });
        PassTo(Start.AddHours(1));
        Assert.Equal(Start.AddHours(25), (await TriedAsync(request.Id, 1)).NextAttemptAt);
        PassTo(Start.AddHours(25));
        await TriedAsync(request.Id, 2);
    }

    [Fact]
    public async Task A_window_that_closes_over_a_queue_sends_what_stands_there_to_the_next_opening()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync(delivery => (delivery.SessionPrefetch, delivery.QueueHold) = (1, TimeSpan.FromHours(2)), OneSession);
        PassTo(Start.AddHours(8.9));
        Cluster.Wire.Gate = gate.Task;
        for (var i = 0; i < 3; i++) await WhenAsync((await SubmitAsync($"first{i}@example.com")).Id, status => status.State == MailState.Delivering, "the session should have begun it");
        var late = await SubmitAsync(MailCluster.Request("late@example.com") with { Window = OfficeHours });
        await WhenAsync(late.Id, status => status.WaitReason?.StartsWith("position 1 of 1", StringComparison.Ordinal) == true, "it should stand in the queue");
        PassTo(Start.AddHours(9).AddSeconds(1));
        gate.SetResult();
        var status = await WhenAsync(late.Id, status => status.NextAttemptAt > Now, "it should wait for the next day");
        Assert.Equal((Start.AddHours(25), 0, MailState.Accepted), (status.NextAttemptAt, status.AttemptCount, status.State));
        Assert.Equal("window opens 2026-07-07 07:00", status.WaitReason);
        Assert.Empty(SentTo("late@example.com"));
        PassTo(Start.AddHours(25));
        Assert.Equal(MailState.Delivered, (await FinalAsync(late.Id)).State);
    }

    [Fact]
    public async Task A_window_that_closed_before_anybody_was_there_to_wake_a_message_is_kept()
    {
        await StartAsync();
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { Window = OfficeHours });
        PassTo(Start.AddHours(10));
        await WhenAsync(request.Id, status => status.NextAttemptAt == Start.AddHours(25), "it should wait for the next day");
        Assert.Empty(SentTo("ann@example.com"));
        PassTo(Start.AddHours(25));
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
    }

    [Fact]
    public async Task A_retry_by_hand_keeps_to_the_window()
    {
        await StartAsync();
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { SendAt = Start.AddHours(48), Window = OfficeHours });
        var answer = await Cluster.Grains.GetGrain<IMessageGrain>(request.Id.ToString()).ChangeAsync(new MessageChange { Action = MessageAction.RetryNow });
        Assert.Equal(ChangeResult.Changed, answer.Result);
        Assert.Equal(Start.AddHours(1), (await Cluster.StatusAsync(request.Id))!.NextAttemptAt);
        Assert.Equal(Start.AddHours(1), Assert.Single(await Cluster.EventsAsync(new EventFilter { MessageId = request.Id }), item => item.Type == EventType.Rescheduled).NextAttemptAt);
        PassTo(Start.AddHours(1));
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
    }

    [Fact]
    public async Task Who_waits_for_a_window_expires_in_its_time_without_an_attempt()
    {
        await StartAsync();
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { Window = OfficeHours });
        await Cluster.Grains.GetGrain<IMessageGrain>(request.Id.ToString()).ChangeAsync(new MessageChange { ExpiresAt = Start.AddMinutes(30) });
        PassTo(Start.AddMinutes(29));
        await SweptAsync(request.Id);
        Assert.Equal(MailState.Accepted, (await Cluster.StatusAsync(request.Id))!.State);
        PassTo(Start.AddMinutes(30));
        Assert.Equal(MailState.Expired, (await FinalAsync(request.Id)).State);
        PassTo(Start.AddHours(1));
        await SweptAsync(request.Id);
        Assert.Empty(SentTo("ann@example.com"));
    }

    [Fact]
    public async Task Who_stands_in_a_queue_expires_in_its_time_and_never_leaves()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Cluster.Wire.Gate = gate.Task;
        await StartAsync(delivery => delivery.SessionPrefetch = 1, OneSession);
        for (var i = 0; i < 3; i++) await WhenAsync((await SubmitAsync($"first{i}@example.com")).Id, status => status.State == MailState.Delivering, "the session should have begun it");
        var late = await SubmitAsync(MailCluster.Request("late@example.com") with { ExpiresAt = Start.AddMinutes(4) });
        await WhenAsync(late.Id, status => status.WaitReason?.StartsWith("position 1 of 1", StringComparison.Ordinal) == true, "it should stand in the queue");
        PassTo(Start.AddMinutes(4));
        Assert.Equal(MailState.Expired, (await FinalAsync(late.Id)).State);
        gate.SetResult();
        var next = await SubmitAsync("next@example.com");
        await FinalAsync(next.Id);
        Assert.Empty(SentTo("late@example.com"));
    }

    [Fact]
    public async Task Before_the_expiry_comes_one_last_try_where_the_next_wait_would_miss_it()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 452, "4.2.2 Mailbox full");
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { ExpiresAt = Start.AddHours(5) });
        var attempts = 1;
        var status = await TriedAsync(request.Id, attempts);
        // 30, 60 and 120 minutes, then 240 would be too late.
        foreach (var minutes in new[] { 30, 90, 210 })
        {
            Assert.Equal(Start.AddMinutes(minutes), status.NextAttemptAt);
            PassTo(status.NextAttemptAt!.Value);
            status = await TriedAsync(request.Id, ++attempts);
        }

        Assert.InRange(status.NextAttemptAt!.Value, Start.AddHours(4.5), Start.AddHours(5).AddSeconds(-1));
        PassTo(status.NextAttemptAt.Value);
        var final = await FinalAsync(request.Id);
        Assert.Equal((MailState.Expired, 5), (final.State, final.AttemptCount));
    }

    [Fact]
    public async Task Without_another_word_High_is_tried_for_six_hours_Normal_for_five_days_and_Bulk_for_three()
    {
        await StartAsync();
        foreach (var (priority, life) in new[] { (Priority.High, TimeSpan.FromHours(6)), (Priority.Normal, TimeSpan.FromDays(5)), (Priority.Bulk, TimeSpan.FromHours(72)) })
        {
            var request = await SubmitAsync(MailCluster.Request("ann@example.com", priority: priority) with { SendAt = Start.AddHours(1) });
            Assert.Equal(Start.AddHours(1) + life, (await Cluster.StatusAsync(request.Id))!.ExpiresAt);
        }
    }
}
