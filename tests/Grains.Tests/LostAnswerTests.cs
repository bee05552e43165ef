using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Policy.Messages;

namespace Orleans.Mail.Grains.Tests;

/// <summary>The store did what was asked and its answer was lost: who asks again sees the message go on at once. The clock stands still, so no sweep helps.</summary>
public sealed class LostAnswerTests : ClockedTests
{
    [Theory]
    [InlineData("key")]
    [InlineData(null)]
    public async Task A_submission_that_is_repeated_is_sent_at_once(string? key)
    {
        await StartAsync();
        var request = MailCluster.Request("ann@example.com", key);
        Cluster.Faults.FailOnly(1, CommitFault.LostAfter);
        Assert.Equal(MailErrorCode.SpoolUnavailable, (await Cluster.SubmitAsync(request)).Code);
        Assert.True((await Cluster.SubmitAsync(request)).Receipt!.WasDuplicate);
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
        Assert.True((await Cluster.SubmitAsync(request)).Receipt!.WasDuplicate);
        Assert.Single(SentTo("ann@example.com"));
    }

    [Fact]
    public async Task A_retry_by_hand_that_is_repeated_is_tried_at_once()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.1 Mailbox busy");
        var request = await SubmitAsync("ann@example.com");
        await TriedAsync(request.Id, 1);
        Cluster.Wire.Answer = ScriptedWire.Accept;
        var message = Cluster.Grains.GetGrain<IMessageGrain>(request.Id.ToString());
        Cluster.Faults.FailOnly(1, CommitFault.LostAfter);
        await Assert.ThrowsAsync<ServiceUnavailableException>(() => message.ChangeAsync(new MessageChange { Action = MessageAction.RetryNow }));
        Assert.Equal(ChangeResult.Changed, (await message.ChangeAsync(new MessageChange { Action = MessageAction.RetryNow })).Result);
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
    }

    [Fact]
    public async Task An_attempt_that_is_given_back_again_is_made_by_the_next_session()
    {
        await StartAsync(delivery => (delivery.MaxSessions, delivery.SessionPrefetch) = (1, 1));
        Cluster.Wire.Close();
        var requests = new List<SubmitRequest>();
        for (var i = 0; i < 6; i++) requests.Add(await SubmitAsync($"a{i}@example.com"));
        var status = await WhenAsync(requests[0].Id, status => status.State == MailState.Delivering, "the session should have begun it");
        // A session of the test's own takes one that stands in the queue, begins it, and cannot go on.
        var site = status.Attempts[0].Site;
        var ticket = (await Cluster.Grains.GetGrain<IDomainGrain>(site).NextAsync(new SessionReport(Guid.NewGuid(), [], Want: 1, IsConnected: true))).Tickets[0];
        var message = Cluster.Grains.GetGrain<IMessageDeliveryGrain>(ticket.Message.ToString());
        var here = Cluster.Service<Orleans.Runtime.ILocalSiloDetails>().SiloAddress;
        var order = (await message.BeginAttemptAsync(ticket.Destination, site, new AttemptRunner(here, Guid.NewGuid())))!;
        var report = new AttemptReport(order.Number, null, null, [], IsReturned: true);
        Cluster.Faults.FailOnly(1, CommitFault.LostAfter);
        await Assert.ThrowsAsync<Storage.SpoolUnavailableException>(() => message.CompleteAttemptAsync(report));
        await message.CompleteAttemptAsync(report);
        Cluster.Wire.Open();
        foreach (var request in requests) Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
    }

    [Fact]
    public async Task A_ticket_that_could_not_be_begun_waits_for_the_site_where_that_takes_none_back()
    {
        await StartAsync(delivery => delivery.QueueHold = TimeSpan.FromHours(5));
        Cluster.Faults.FailOnly(2, CommitFault.Refused);
        var request = await SubmitAsync("ann@example.com");
        await MailCluster.UntilAsync(() => Cluster.Log.Lines.Any(line => line.Contains("could not be begun", StringComparison.Ordinal)), "its attempt should fail to begin");
        await SuspendSiteAsync();
        await MailCluster.UntilAsync(async () =>
        {
            Pass(TimeSpan.FromSeconds(1));
            return (await Cluster.StatusAsync(request.Id))!.WaitReason!.Contains("Maintenance", StringComparison.Ordinal);
        }, "it should wait for the order");
        Assert.True(await Cluster.Grains.GetGrain<IControlGrain>(0).RevokeAsync("stop"));
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
    }

    [Fact]
    public async Task One_message_that_cannot_be_told_to_wait_leaves_its_neighbours_where_they_belong()
    {
        const int Count = 200;
        await StartAsync(delivery => delivery.SessionPrefetch = 1, OneSession);
        Cluster.Wire.Close();
        var requests = await Cluster.SubmitManyAsync(Count, i => MailCluster.Request($"r{i}@example.com"));
        await MailCluster.UntilAsync(async () => (await Cluster.EventsAsync()).Count(item => item.Type == EventType.Attempting) == 3, "the session should have begun what it takes ahead");
        Cluster.Faults.FailOnly(1, CommitFault.Refused);
        await SuspendSiteAsync();
        await MailCluster.UntilAsync(() => Cluster.Log.Lines.Any(line => line.Contains("could not be queued", StringComparison.Ordinal)), "one should not hear of it");
        await MailCluster.UntilAsync(async () => (await Task.WhenAll(requests.Select(request => Cluster.StatusAsync(request.Id)))).Count(status => status!.NextAttemptAt > Now) == Count - 4, "all others should wait for the site");
        Cluster.Wire.Open();
        Assert.True(await Cluster.Grains.GetGrain<IControlGrain>(0).RevokeAsync("stop"));
        await MailCluster.UntilAsync(() => Cluster.Wire.Received.Count == Count - 1, "all others should leave");
        Pass(TimeSpan.FromMinutes(11));
        await MailCluster.UntilAsync(() => Cluster.Wire.Received.Count == Count, "the sweep should find the last");
    }

    [Fact]
    public async Task A_message_that_is_released_leaves_although_the_stores_answer_was_lost()
    {
        await StartAsync();
        await SuspendSiteAsync();
        var request = await SubmitAsync("ann@example.com");
        await WhenAsync(request.Id, status => status.NextAttemptAt > Now, "it should wait for the site");
        Cluster.Faults.FailOnly(1, CommitFault.LostAfter);
        Assert.True(await Cluster.Grains.GetGrain<IControlGrain>(0).RevokeAsync("stop"));
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
        Assert.True(Cluster.Faults.HasFailed);
    }

    Task SuspendSiteAsync() => Cluster.StandAsync(new StandingOrder { Id = "stop", Kind = OrderKind.Suspend, Scope = new OrderScope { Site = "mx.example.com" }, Reason = "Maintenance." });
}
