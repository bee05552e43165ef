using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Spool;

/// <summary>How old records are found and removed, whatever is kept beside them.</summary>
public sealed class AzureSpoolPurgeTests(TableEmulator emulator) : IDisposable
{
    const int Limit = 500;

    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly DateTimeOffset NextDay = Noon.AddDays(1);

    readonly AzureSpoolFixture _fixture = new(emulator);
    readonly FakeTimeProvider _clock = new(NextDay);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task What_is_kept_costs_nothing()
    {
        var shard = await OpenAsync();
        await PurgeAsync(shard, Noon);
        await Task.WhenAll(Enumerable.Range(1, 2_500).Select(number => EndAsync(shard, number, NextDay)));
        // Looked at once, and whether the shard is still this one's; then it is known when the oldest will be old.
        Assert.Equal(2, await _fixture.RequestsAsync(() => shard.PurgeAsync(NextDay, Limit, Token)));
        Assert.Equal(0, await _fixture.RequestsAsync(() => shard.PurgeAsync(NextDay, Limit, Token)));
    }

    [Fact]
    public async Task What_goes_steadily_costs_two_requests_each_time()
    {
        var shard = await OpenAsync();
        await PurgeAsync(shard, Noon);
        await EndAsync(shard, 1, Noon);
        // And whether any was told something after its end: asked for once.
        Assert.Equal(3, await _fixture.RequestsAsync(() => PurgeAsync(shard, Noon.AddMinutes(1))));
        for (var minute = 1; minute < 5; minute++)
        {
            await EndAsync(shard, 10 * minute, Noon.AddMinutes(minute));
            await EndAsync(shard, 10 * minute + 1, Noon.AddMinutes(minute));
            Assert.Equal(2, await _fixture.RequestsAsync(() => PurgeAsync(shard, Noon.AddMinutes(minute + 1))));
        }

        Assert.Equal([SpoolRows.Fence, SpoolRows.Swept], await RowsAsync());
    }

    [Fact]
    public async Task What_is_written_with_an_older_time_goes_too()
    {
        var shard = await OpenAsync();
        await PurgeAsync(shard, NextDay);
        await EndAsync(shard, 1, Noon);

        await PurgeAsync(shard, NextDay.AddMinutes(1));

        Assert.Equal([SpoolRows.Fence, SpoolRows.Swept], await RowsAsync());
    }

    [Fact]
    public async Task Many_go_with_a_request()
    {
        const int count = 1_000;
        var shard = await OpenAsync();
        await PurgeAsync(shard, Noon);
        await Task.WhenAll(Enumerable.Range(1, count).Select(number => EndAsync(shard, number, Noon)));
        var requests = await _fixture.RequestsAsync(() => PurgeAsync(shard, NextDay));
        TestContext.Current.TestOutputHelper?.WriteLine($"{requests} requests for {count} messages");
        Assert.InRange(requests, 1, count / 5);
        Assert.Equal([SpoolRows.Fence, SpoolRows.Swept], await RowsAsync());
    }

    [Fact]
    public async Task A_message_that_came_back_after_its_end_is_kept_from_its_last_end()
    {
        var shard = await OpenAsync();
        await EndAsync(shard, 1, Noon);
        await EndAsync(shard, 2, Noon);
        await EndAsync(shard, 3, Noon);
        // One is live again, one ended anew, and one was told something.
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(1, 2, Noon, Noon)));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(2, 2, Noon, Noon)));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(2, 3, null, NextDay)));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(3, 2, null, NextDay)));

        await PurgeAsync(shard, Noon.AddHours(1));

        for (var number = 1; number <= 3; number++) Assert.NotNull(await shard.ReadAsync(Id(number), Token));
        Assert.Equal(CommitStatus.Conflict, await shard.CommitAsync(Step(2, 0, Noon, NextDay)));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(1, 3, null, NextDay)));
        await PurgeAsync(shard, NextDay.AddHours(1));
        Assert.Equal([SpoolRows.Fence, SpoolRows.Swept], await RowsAsync());
    }

    [Fact]
    public async Task Records_that_no_row_of_events_names_go_once_a_day()
    {
        var shard = await OpenAsync();
        await PurgeAsync(shard, Noon);
        await EndAsync(shard, 1, Noon);
        await EndAsync(shard, 2, NextDay);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(3, 0, NextDay, Noon)));
        await AsEarlierBuildAsync();

        await PurgeAsync(shard, Noon.AddHours(1));
        Assert.NotNull(await shard.ReadAsync(Id(1), Token));
        // The day counts from the last look of whoever had the shard.
        shard = await OpenAsync();
        _clock.Advance(TimeSpan.FromHours(23));
        await PurgeAsync(shard, Noon.AddHours(1));
        Assert.NotNull(await shard.ReadAsync(Id(1), Token));
        _clock.Advance(TimeSpan.FromHours(1));
        await PurgeAsync(shard, Noon.AddHours(1));

        Assert.Null(await shard.ReadAsync(Id(1), Token));
        Assert.NotNull(await shard.ReadAsync(Id(2), Token));
        Assert.NotNull(await shard.ReadAsync(Id(3), Token));
    }

    [Fact]
    public async Task A_record_that_is_gone_already_keeps_no_other()
    {
        var shard = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(1, 20).Select(number => EndAsync(shard, number, Noon)));
        var table = await _fixture.TableAsync();
        await table.DeleteEntityAsync(SpoolRows.Partition(1), SpoolRows.Known(Id(7)), ETag.All, Token);

        await PurgeAsync(shard, NextDay);

        Assert.Equal([SpoolRows.Fence, SpoolRows.Swept], await RowsAsync());
        await EndAsync(shard, 21, NextDay);
        Assert.Equal(42, shard.LastEvent);
    }

    /// <summary>Rows of events as they were before they named who ended.</summary>
    async Task AsEarlierBuildAsync()
    {
        var table = await _fixture.TableAsync();
        await foreach (var row in table.QueryAsync<TableEntity>(row => row.PartitionKey == SpoolRows.Partition(1) && row.RowKey.CompareTo("e") >= 0 && row.RowKey.CompareTo("f") < 0, cancellationToken: Token))
        {
            row.Remove(SpoolRows.Ended);
            await table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace, Token);
        }
    }

    async Task<string[]> RowsAsync()
    {
        var table = await _fixture.TableAsync();
        return await table.QueryAsync<TableEntity>(row => row.PartitionKey == SpoolRows.Partition(1), cancellationToken: Token).Select(row => row.RowKey).ToArrayAsync(Token);
    }

    static async Task PurgeAsync(ISpoolShard shard, DateTimeOffset finalBefore)
    {
        while (await shard.PurgeAsync(finalBefore, Limit, Token) > 0) { }
    }

    async Task<ISpoolShard> OpenAsync() => await (await _fixture.OpenAsync(_clock, options => options.GatherTime = TimeSpan.Zero)).OpenShardAsync(1, Token);

    static async Task EndAsync(ISpoolShard shard, int number, DateTimeOffset at)
    {
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(number, 0, at, at)));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(number, 1, null, at)));
    }

    static MessageId Id(int number) => new(((UInt128)(uint)number << 16) | 1);

    static SpoolCommit Step(int number, long version, DateTimeOffset? due, DateTimeOffset at) => new()
    {
        Id = Id(number),
        ExpectedVersion = version,
        State = [1],
        Due = due,
        At = at,
        Events = [new DeliveryEvent { MessageId = Id(number), Type = EventType.Attempting, At = at, Tenant = "acme" }],
    };
}
