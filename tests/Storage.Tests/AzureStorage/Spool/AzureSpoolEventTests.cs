using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Spool;

/// <summary>What the readers of a shard's events cost, after it has moved.</summary>
public sealed class AzureSpoolEventTests(TableEmulator emulator) : IDisposable
{
    const int Messages = 300;
    const int Limit = 500;

    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    readonly AzureSpoolFixture _fixture = new(emulator);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Readers_that_are_nearly_up_to_date_cost_one_request_together()
    {
        var moved = await MovedAsync();
        long[] places = [Messages - 1, Messages - 60, Messages - 7, Messages - 3];

        var requests = await _fixture.RequestsAsync(() => Task.WhenAll(places.Select(async after => AssertNumbers(after, Messages, await moved.ReadEventsAsync(after, Limit, Token)))));

        Assert.Equal(1, requests);
        await CommitAsync(moved, Messages + 1);
        Assert.Equal(0, await _fixture.RequestsAsync(async () => AssertNumbers(Messages - 100, Messages + 1, await moved.ReadEventsAsync(Messages - 100, Limit, Token))));
    }

    [Fact]
    public async Task What_is_read_of_old_events_does_not_stand_for_those_between()
    {
        var moved = await MovedAsync();

        AssertNumbers(0, 10, await moved.ReadEventsAsync(0, 10, Token));
        AssertNumbers(20, 120, await moved.ReadEventsAsync(20, 100, Token));
        AssertNumbers(Messages - 5, Messages, await moved.ReadEventsAsync(Messages - 5, Limit, Token));
        AssertNumbers(0, Messages, await moved.ReadEventsAsync(0, Limit, Token));
        AssertNumbers(150, 160, await moved.ReadEventsAsync(150, 10, Token));
        Assert.Empty(await moved.ReadEventsAsync(Messages, Limit, Token));
    }

    [Fact]
    public async Task More_than_memory_holds_is_read_again()
    {
        var moved = await MovedAsync(recent: 50);

        AssertNumbers(0, Messages, await moved.ReadEventsAsync(0, Limit, Token));
        Assert.Equal(0, await _fixture.RequestsAsync(async () => AssertNumbers(Messages - 50, Messages, await moved.ReadEventsAsync(Messages - 50, Limit, Token))));
        AssertNumbers(Messages - 51, Messages, await moved.ReadEventsAsync(Messages - 51, Limit, Token));
    }

    static void AssertNumbers(long after, long last, IReadOnlyList<NumberedEvent> events)
    {
        Assert.Equal(Enumerable.Range((int)after + 1, (int)(last - after)).Select(number => (long)number), events.Select(item => item.Number));
        Assert.All(events, item => Assert.Equal(Id((int)item.Number), item.Event.MessageId));
    }

    /// <summary>A shard with an event of each message, in their order, in the hands of its next owner.</summary>
    async Task<ISpoolShard> MovedAsync(int recent = 4096)
    {
        var first = await OpenAsync(recent);
        await Task.WhenAll(Enumerable.Range(1, Messages).Select(number => CommitAsync(first, number)));
        return await OpenAsync(recent);
    }

    async Task<ISpoolShard> OpenAsync(int recent)
    {
        var spool = await _fixture.OpenAsync(TimeProvider.System, options =>
        {
            options.GatherTime = TimeSpan.Zero;
            options.RecentEvents = recent;
        });
        return await spool.OpenShardAsync(1, Token);
    }

    static async Task CommitAsync(ISpoolShard shard, int number) => Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(new SpoolCommit
    {
        Id = Id(number),
        ExpectedVersion = 0,
        State = [1],
        Due = Noon,
        At = Noon,
        Events = [new DeliveryEvent { MessageId = Id(number), Type = EventType.Accepted, At = Noon, Tenant = "acme" }],
    }));

    static MessageId Id(int number) => new(((UInt128)(uint)number << 16) | 1);
}
