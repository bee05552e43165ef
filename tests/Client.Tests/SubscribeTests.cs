using Orleans.Mail.Client.Tests.Support;

namespace Orleans.Mail.Client.Tests;

public sealed class SubscribeTests : IClassFixture<ScriptedCluster>
{
    readonly ScriptedCluster _cluster;
    readonly string _tenant = Guid.NewGuid().ToString();

    public SubscribeTests(ScriptedCluster cluster) => _cluster = cluster;

    MailClient Client => _cluster.Client;

    ScriptedSpool Spool => _cluster.Spool;

    static CancellationToken Limit => new CancellationTokenSource(Wait.Limit).Token;

    void Happen(int shard, string recipient) => Spool.Happen(ScriptedCluster.IdIn(shard), EventType.Delivered, recipient, _tenant);

    Task<List<DeliveryEvent>> TakeAsync(int count, EventPosition? from) => Client.SubscribeToTenantAsync(_tenant, from, Limit).Take(count).ToListAsync().AsTask();

    [Fact]
    public async Task From_the_start_every_event_of_every_shard_comes_in_the_order_of_its_shard()
    {
        for (var i = 0; i < 100; i++) Happen(i % 4, $"{i}");

        var events = await TakeAsync(100, EventPosition.Start);

        foreach (var shard in Enumerable.Range(0, 4))
            Assert.Equal(Enumerable.Range(0, 100).Where(i => i % 4 == shard).Select(i => $"{i}"), events.Where(item => item.MessageId.ShardOf(4) == shard).Select(item => item.Recipient));
    }

    [Fact]
    public async Task Resuming_after_any_event_yields_exactly_the_rest()
    {
        for (var i = 0; i < 60; i++) Happen(i % 4, $"{i}");
        var events = await TakeAsync(60, EventPosition.Start);

        for (var at = 0; at < 59; at += 7)
        {
            // As text, the way callers keep it.
            var rest = await TakeAsync(59 - at, EventPosition.Parse(events[at].Position.ToString()));
            var all = events.Take(at + 1).Concat(rest).Select(item => item.Recipient!).Order();
            Assert.Equal(Enumerable.Range(0, 60).Select(i => $"{i}").Order(), all);
        }
    }

    [Fact]
    public async Task Without_a_position_only_what_happens_from_now_on_comes()
    {
        Happen(0, "before");
        await using var events = Client.SubscribeToTenantAsync(_tenant, cancellationToken: Limit).GetAsyncEnumerator();
        var opened = Spool.Opened;
        var next = events.MoveNextAsync();
        await Wait.UntilAsync(() => Spool.Opened >= opened + 4, "four open feeds");
        Happen(0, "after");

        Assert.True(await next);
        Assert.Equal("after", events.Current.Recipient);
    }

    [Fact]
    public async Task A_subscription_survives_the_death_of_a_silo_without_gap_or_repeat()
    {
        var seen = new List<DeliveryEvent>();
        var reading = Task.Run(async () =>
        {
            await foreach (var item in Client.SubscribeToTenantAsync(_tenant, EventPosition.Start, Limit))
            {
                lock (seen) seen.Add(item);
                if (item.Recipient == "end") return;
            }
        });
        var number = 0;
        for (var shard = 0; shard < 2; shard++)
        {
            for (var i = 0; i < 200; i++) Happen(number % 4, $"{number++}");
            await Wait.UntilAsync(() => { lock (seen) return seen.Count > number - 150; }, "events before the kill");
            await _cluster.KillHostOfAsync(shard);
            for (var i = 0; i < 200; i++) Happen(number % 4, $"{number++}");
        }

        await Wait.UntilAsync(() => { lock (seen) return seen.Count >= number; }, "all events after the kills");
        Happen(0, "end");
        await reading;

        Assert.Equal(Enumerable.Range(0, number).Select(i => $"{i}").Append("end").Order(), seen.Select(item => item.Recipient!).Order());
    }

    [Fact]
    public async Task The_events_of_one_message_come_from_its_shard_alone()
    {
        var id = ScriptedCluster.IdIn(2);
        Spool.Happen(id, EventType.Accepted);
        Happen(2, "other message");
        Spool.Happen(id, EventType.Delivered, "a");
        var opened = Spool.Opened;

        var events = await Client.SubscribeToMessageAsync(id, EventPosition.Start, Limit).Take(2).ToListAsync();

        Assert.Equal([EventType.Accepted, EventType.Delivered], events.Select(item => item.Type));
        Assert.Equal(1, Spool.Opened - opened);
    }

    [Fact]
    public async Task A_tag_selects_its_messages()
    {
        var tag = Guid.NewGuid().ToString();
        Spool.Happen(ScriptedCluster.IdIn(1), EventType.Delivered, "untagged");
        Spool.Happen(ScriptedCluster.IdIn(3), EventType.Delivered, "tagged", tags: ["other", tag]);

        var item = await Client.SubscribeToTagAsync(tag, EventPosition.Start, Limit).FirstAsync();

        Assert.Equal("tagged", item.Recipient);
    }

    [Fact]
    public async Task A_slow_subscriber_stops_the_reading_of_pages()
    {
        for (var i = 0; i < 4000; i++) Happen(1, $"{i}");
        await using var events = Client.SubscribeToTenantAsync(_tenant, EventPosition.Start, Limit).GetAsyncEnumerator();
        var before = Spool.Pages;
        await events.MoveNextAsync();
        var settled = -1;
        await Wait.UntilAsync(() => settled == (settled = Spool.Pages), "no more pages");

        // 16 waiting, 4 in the hand of each of four feeds, and the ones the silos prepare; what other tests left is read too. All would be 400.
        Assert.InRange(Spool.Pages - before, 1, 250);
        for (var i = 1; i < 4000; i++) Assert.True(await events.MoveNextAsync());
        Assert.Equal("3999", events.Current.Recipient);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_position_of_another_service_is_refused(int shardCount)
    {
        var position = EventPosition.Of([.. Enumerable.Repeat(1_000_000L, shardCount)]);

        var failure = await Assert.ThrowsAsync<MailException>(async () => await Client.SubscribeAsync(null, position, Limit).FirstAsync());

        Assert.Equal(MailErrorCode.InvalidPosition, failure.Code);
    }

    [Fact]
    public async Task Cancelling_ends_a_quiet_subscription()
    {
        using var cancelled = new CancellationTokenSource();
        var next = Client.SubscribeToTenantAsync(_tenant, cancellationToken: cancelled.Token).FirstAsync(cancelled.Token).AsTask();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(Wait.Limit));
    }
}
