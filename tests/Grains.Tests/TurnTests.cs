using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Tickets that come twice, reports that come late, and what a dead process leaves.</summary>
public sealed class TurnTests : IAsyncLifetime
{
    MailCluster _cluster = new();

    public async ValueTask InitializeAsync() => await _cluster.StartWithAsync(silo => silo.Services.PostConfigure<DeliveryOptions>(options => options.StopTimeout = TimeSpan.Zero));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_silo_that_was_declared_dead_and_does_not_know_it_begins_nothing()
    {
        await _cluster.DisposeAsync();
        _cluster = await new MailCluster().StartWithAsync(silo => silo.Services.PostConfigure<SiteOptions>(sites => (sites.InitialSessions, sites.MaxSessions) = (1, 1)).PostConfigure<DeliveryOptions>(delivery => delivery.SessionPrefetch = 1));
        _cluster.Wire.Close();
        // The one session holds the first ones; the last stands in the queue.
        var requests = Enumerable.Range(0, 8).Select(number => MailCluster.Request($"a{number}@example.com")).ToList();
        foreach (var request in requests) await _cluster.SubmitAsync(request);
        var message = _cluster.Grains.GetGrain<IMessageDeliveryGrain>(requests[^1].Id.ToString());
        var here = _cluster.Service<Orleans.Runtime.ILocalSiloDetails>().SiloAddress;
        var before = SiloAddress.New(here.Endpoint, here.Generation - 1);

        Assert.Null(await message.BeginAttemptAsync("example.com", "mx.example.com", new AttemptRunner(before, Guid.NewGuid())));
        Assert.Equal(0, (await _cluster.StatusAsync(requests[^1].Id))!.AttemptCount);
        Assert.NotNull(await message.BeginAttemptAsync("example.com", "mx.example.com", new AttemptRunner(here, Guid.NewGuid())));
        _cluster.Wire.Open();
    }

    [Fact]
    public async Task A_second_session_for_the_same_message_gets_nothing_and_an_unknown_report_changes_nothing()
    {
        var request = await HeldAsync();
        var message = _cluster.Grains.GetGrain<IMessageDeliveryGrain>(request.Id.ToString());
        Assert.Null(await message.BeginAttemptAsync("example.com", "example.com", new AttemptRunner(_cluster.Service<Orleans.Runtime.ILocalSiloDetails>().SiloAddress, Guid.NewGuid())));
        await message.CompleteAttemptAsync(new AttemptReport(99, "mx", null, [new Verdict(0, 0, "delivered", "test", null, false)]));
        var status = (await _cluster.StatusAsync(request.Id))!;
        Assert.Equal(1, status.AttemptCount);
        Assert.Equal(MailState.Delivering, status.State);
    }

    [Fact]
    public async Task An_activation_that_somebody_overtook_loses_at_its_commit_and_leaves()
    {
        var request = await HeldAsync();
        var message = _cluster.Grains.GetGrain<IMessageDeliveryGrain>(request.Id.ToString());
        var shard = _cluster.Faults.Opened[request.Id.ShardOf(4)];
        var record = (await shard.ReadAsync(request.Id, CancellationToken.None))!;
        await shard.CommitAsync(new SpoolCommit { Id = request.Id, ExpectedVersion = record.Version, State = record.State, Due = record.Due, IsHeld = true, At = DateTimeOffset.UtcNow });
        var report = new AttemptReport(1, "mx", null, [new Verdict((byte)Policy.Outcomes.OutcomeKind.Delivered, 0, "delivered", "test", null, false)]);
        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(() => message.CompleteAttemptAsync(report));
        Assert.Equal(MailState.Delivering, (await _cluster.StatusAsync(request.Id))!.State);
        await message.CompleteAttemptAsync(report);
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id))!.State);
    }

    [Fact]
    public async Task An_attempt_that_died_after_its_mark_is_told_as_uncertain_and_tried_again()
    {
        var request = await HeldAsync();
        var shard = _cluster.Faults.Opened[request.Id.ShardOf(4)];
        shard.MarkEndOfData(request.Id, 1);
        _cluster.Wire.Hold = null;
        await _cluster.RestartAsync();
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Delivered, status.State);
        Assert.Equal(EventType.Uncertain, status.Attempts[0].Outcomes[0].Result);
        Assert.Contains(await _cluster.EventsAsync(new EventFilter { MessageId = request.Id }), item => item.Type == EventType.Uncertain);
    }

    [Fact]
    public async Task A_message_whose_attempts_die_one_after_another_waits_and_lets_others_pass()
    {
        var request = await HeldAsync();
        var again = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.Wire.Hold = again;
        await _cluster.RestartAsync();
        await again.Task.WaitAsync(TimeSpan.FromSeconds(20));
        _cluster.Wire.Hold = null;
        await _cluster.RestartAsync(delivery => delivery.Backoff = [TimeSpan.FromHours(1)]);
        var status = await _cluster.StatusAsync(request.Id, status => status.State == MailState.Deferred);
        Assert.Equal(2, status.AttemptCount);
        Assert.InRange(status.NextAttemptAt!.Value - status.Attempts[1].StartedAt, TimeSpan.FromMinutes(50), TimeSpan.FromMinutes(70));
        Assert.Empty(_cluster.Wire.Received);
    }

    [Fact]
    public async Task Without_the_marks_an_open_attempt_is_in_doubt()
    {
        var request = await HeldAsync();
        _cluster.Wire.Hold = null;
        await _cluster.RestartAsync((_, folder) =>
        {
            // As after a restart of the machine: the file is of another boot.
            File.Delete(Path.Combine(folder, "marks.bin"));
            return Task.CompletedTask;
        });
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(EventType.Uncertain, status.Attempts[0].Outcomes[0].Result);
        Assert.Equal(MailState.Delivered, status.State);
    }

    [Fact]
    public async Task A_ticket_lost_with_its_silo_is_found_again()
    {
        var request = await HeldAsync();
        var behind = MailCluster.Request("behind@example.com") with { Doubt = DoubtPolicy.Stop };
        await _cluster.SubmitAsync(behind);
        _cluster.Wire.Hold = null;
        await _cluster.RestartAsync();
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(behind.Id, status => status.IsFinal)).State);
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
    }

    [Fact]
    public async Task A_ticket_that_was_taken_and_lost_is_written_anew_by_the_sweep()
    {
        await _cluster.DisposeAsync();
        _cluster = await new MailCluster().StartWithAsync(silo => silo.Services.PostConfigure<DeliveryOptions>(delivery => (delivery.MaxSessions, delivery.SessionPrefetch) = (1, 1)));
        _cluster.Wire.Close();
        var requests = Enumerable.Range(0, 6).Select(number => MailCluster.Request($"a{number}@example.com")).ToList();
        foreach (var request in requests) await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(requests[0].Id, status => status.State == MailState.Delivering);
        var site = _cluster.Grains.GetGrain<IDomainGrain>(status.Attempts[0].Site);

        // Somebody calls as a session does, takes what stands in the queue, and is never heard of again.
        var taken = (await site.NextAsync(new SessionReport(Guid.NewGuid(), [], Want: 6, IsConnected: true))).Tickets;
        Assert.NotEmpty(taken);
        _cluster.Wire.Open();
        foreach (var ticket in taken) await _cluster.Grains.GetGrain<IMessageDeliveryGrain>(ticket.Message.ToString()).WakeAsync(WakeCause.Sweep);
        foreach (var request in requests) Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
        Assert.Equal(requests.Count, _cluster.Wire.Received.Count);
    }

    [Fact]
    public async Task A_delivery_writes_no_address_and_no_content_into_the_log()
    {
        var tries = 0;
        _cluster.Wire.Answer = transaction => Interlocked.Increment(ref tries) == 1
            ? ScriptedWire.Refuse(transaction, 451, "4.7.1 <canary-address@example.com> greylisted")
            : ScriptedWire.Accept(transaction);
        var request = MailCluster.Request("canary-address@example.com", body: "canary-content");
        await _cluster.SubmitAsync(request);
        await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.NotEmpty(_cluster.Log.Lines);
        Assert.DoesNotContain(_cluster.Log.Lines, line => line.Contains("canary", StringComparison.OrdinalIgnoreCase) || line.Contains("sender@", StringComparison.Ordinal));
    }

    async Task<SubmitRequest> HeldAsync()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.Wire.Hold = reached;
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(20));
        return request;
    }
}
