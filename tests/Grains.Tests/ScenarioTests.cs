namespace Orleans.Mail.Grains.Tests;

/// <summary>The world changes between two attempts, or in the midst of one.</summary>
public sealed class ScenarioTests : ClockedTests
{
    [Fact]
    public async Task Mail_hosts_that_changed_since_the_last_attempt_are_those_of_the_next()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.1 Mailbox busy");
        var request = await SubmitAsync("ann@example.com");
        var first = await TriedAsync(request.Id, 1);
        Cluster.Wire.OnResolve = _ => ScriptedWire.Hosts("mx.moved.example.net");
        Cluster.Wire.Answer = ScriptedWire.Accept;
        PassTo(first.NextAttemptAt!.Value);
        var attempts = (await FinalAsync(request.Id)).Attempts;
        Assert.Equal([("mx.example.com", "mx.example.com"), ("mx.moved.example.net", "mx.moved.example.net")], attempts.Select(attempt => (attempt.Site, attempt.Host)));
    }

    [Fact]
    public async Task A_suppression_that_comes_in_the_midst_of_an_attempt_lets_it_end_and_allows_no_other()
    {
        await StartAsync();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Cluster.Wire.Gate = gate.Task;
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.1 Mailbox busy");
        var request = await SubmitAsync("ann@example.com");
        await WhenAsync(request.Id, status => status.State == MailState.Delivering, "the attempt should be under way");
        var entry = new Mail.Suppression { Address = "ann@example.com", Tenant = request.Tenant, Reason = "Asked not to be.", Since = default };
        Assert.Null(await Cluster.Grains.GetGrain<ISuppressionListGrain>(0).AddAsync(entry));
        gate.SetResult();
        var status = await TriedAsync(request.Id, 1);
        if (!status.IsFinal) PassTo(status.NextAttemptAt!.Value);
        Assert.Equal(MailState.Suppressed, (await FinalAsync(request.Id)).State);
        Assert.Single(SentTo("ann@example.com"));
    }

    [Fact]
    public async Task A_clock_that_jumps_ahead_brings_one_attempt_and_no_storm()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.1 Mailbox busy");
        var request = await SubmitAsync("ann@example.com");
        await TriedAsync(request.Id, 1);
        Pass(TimeSpan.FromHours(2));
        var second = await TriedAsync(request.Id, 2);
        Assert.Equal(MailState.Deferred, second.State);
        Assert.InRange(second.NextAttemptAt!.Value - Now, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(6));
        Cluster.Wire.Answer = ScriptedWire.Accept;
        await SweptAsync(request.Id);
        Assert.Equal(2, SentTo("ann@example.com").Count);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_delays_by_no_more_than_that_and_bounces_nothing()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.1 Mailbox busy");
        var request = await SubmitAsync("ann@example.com");
        var due = (await TriedAsync(request.Id, 1)).NextAttemptAt!.Value;
        SetClockBy(TimeSpan.FromHours(-2));
        Cluster.Wire.Answer = ScriptedWire.Accept;
        await SweptAsync(request.Id);
        var waiting = (await Cluster.StatusAsync(request.Id))!;
        Assert.Equal((MailState.Deferred, 1, due), (waiting.State, waiting.AttemptCount, waiting.NextAttemptAt!.Value));
        PassTo(due);
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
        Assert.Equal(2, SentTo("ann@example.com").Count);
    }

    [Fact]
    public async Task Expiry_and_cancellation_at_the_same_time_make_one_end()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.1 Mailbox busy");
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { ExpiresAt = Start.AddHours(1) });
        await TriedAsync(request.Id, 1);
        Cluster.Wire.Answer = ScriptedWire.Accept;
        Pass(TimeSpan.FromHours(2));
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Cluster.Grains.GetGrain<IMessageGrain>(request.Id.ToString()).CancelAsync("Too late.")));
        await FinalAsync(request.Id);
        await SweptAsync(request.Id);
        Assert.Single(await Cluster.EventsAsync(new EventFilter { MessageId = request.Id }), item => item.Type == EventType.Expired || item.Type == EventType.Cancelled);
    }
}
