using Orleans.Mail.Grains.Options;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Changes of a message that stands in a site's queue, and what an unknown route is answered.</summary>
public sealed class QueueChangeTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_new_priority_moves_a_ticket_that_stands_in_a_queue()
    {
        var requests = await QueueAsync(200, Priority.Bulk);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(requests[^1].Id, new MessageChange { Priority = Priority.High })).Result);
        // What was High before goes back behind.
        var high = await SubmitAsync(20, "high", Priority.High);
        foreach (var request in high) await ChangeAsync(request.Id, new MessageChange { Priority = Priority.Bulk });
        var last = await SubmitAsync(1, "last", Priority.Bulk);
        await QueuedAsync(last[0].Id);
        _cluster.Wire.Open();
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count >= 224, "all should have been sent");
        var order = Recipients();
        Assert.InRange(order.IndexOf(requests[^1].Recipients[0]), 3, 5);
        Assert.InRange(order.IndexOf(high[0].Recipients[0]), 200, 223);
        Assert.Equal(224, order.Distinct().Count());
        Assert.Equal(224, order.Count);
    }

    [Fact]
    public async Task A_queued_message_can_be_put_off_ended_and_led_elsewhere_at_once()
    {
        var requests = await QueueAsync(60, Priority.Normal);
        var (putOff, cancelled, led, failed) = (requests[^1], requests[^2], requests[^3], requests[^4]);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(putOff.Id, new MessageChange { SendAt = DateTimeOffset.UtcNow.AddHours(1) })).Result);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(cancelled.Id, new MessageChange { Action = MessageAction.Cancel, Reason = "Wrong list." })).Result);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(led.Id, new MessageChange { Route = "out" })).Result);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(failed.Id, new MessageChange { Action = MessageAction.Fail, Reason = "Recalled." })).Result);
        _cluster.Wire.Open();
        Assert.Equal("127.0.0.1:2501", (await _cluster.StatusAsync(led.Id, status => status.IsFinal)).Attempts[^1].Site);
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 60, "the others should have been sent");
        Assert.Equal(MailState.Scheduled, (await _cluster.StatusAsync(putOff.Id))!.State);
        Assert.Equal((MailState.Cancelled, "Wrong list."), ((await _cluster.StatusAsync(cancelled.Id))!.State, (await _cluster.StatusAsync(cancelled.Id))!.Reason));
        Assert.Equal(MailState.Bounced, (await _cluster.StatusAsync(failed.Id))!.State);
        Assert.DoesNotContain(Recipients(), recipient => new[] { putOff, cancelled, failed }.Any(request => request.Recipients[0] == recipient));
    }

    [Fact]
    public async Task A_route_that_does_not_exist_is_refused_and_changes_nothing()
    {
        await StartAsync();
        var request = MailCluster.Request("ann@example.com") with { SendAt = DateTimeOffset.UtcNow.AddHours(1) };
        await _cluster.SubmitAsync(request);
        var answer = await ChangeAsync(request.Id, new MessageChange { Route = "nowhere", Priority = Priority.High });
        Assert.Equal(ChangeResult.Invalid, answer.Result);
        Assert.Contains("no route of that name", answer.Problem, StringComparison.Ordinal);
        Assert.Equal(Priority.Normal, (await _cluster.StatusAsync(request.Id))!.Priority);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(request.Id, new MessageChange { Route = "out" })).Result);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(request.Id, new MessageChange { Route = "" })).Result);
    }

    async Task<ChangeAnswer> ChangeAsync(MessageId id, MessageChange change) => await _cluster.Grains.GetGrain<IMessageGrain>(id.ToString()).ChangeAsync(change);

    Task<MailCluster> StartAsync() => _cluster
        .With<SiteOptions>(sites => sites.MaxSessions = sites.InitialSessions = 1)
        .With<DeliveryOptions>(delivery => delivery.SessionPrefetch = 1)
        .With<RoutingOptions>(routing => routing.Relays["one"] = new RelayOptions { Host = "127.0.0.1", Port = 2501, Tls = TlsMode.None, Pool = "out" })
        .StartWithAsync();

    // The only session waits with one message on the wire, one behind it, and one in its hand: it takes no more.
    async Task<SubmitRequest[]> QueueAsync(int count, Priority priority)
    {
        _cluster.Wire.Close();
        await StartAsync();
        var first = await SubmitAsync(3, "first", priority);
        foreach (var request in first) await _cluster.StatusAsync(request.Id, status => status.State == MailState.Delivering);
        var requests = await SubmitAsync(count, "r", priority);
        await QueuedAsync(requests[^1].Id);
        return requests;
    }

    Task<SubmitRequest[]> SubmitAsync(int count, string name, Priority priority) => _cluster.SubmitManyAsync(count, i => MailCluster.Request($"{name}{i}@example.com", priority: priority));

    // Tickets travel in order, behind the calls that send them: one handed in now stands behind all before it.
    Task QueuedAsync(MessageId id) => MailCluster.UntilAsync(async () => (await _cluster.StatusAsync(id))!.WaitReason?.StartsWith("position", StringComparison.Ordinal) == true, "the ticket should stand in the queue");

    List<string> Recipients() => [.. _cluster.Wire.Received.Select(transaction => transaction.Recipients[0])];
}
