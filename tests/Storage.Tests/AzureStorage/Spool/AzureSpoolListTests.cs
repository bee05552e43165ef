using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Spool;

/// <summary>What it costs to list a shard, and what records of older writers do to a list.</summary>
public sealed class AzureSpoolListTests(TableEmulator emulator) : IDisposable
{
    const int Page = 500;

    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    readonly AzureSpoolFixture _fixture = new(emulator);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_rare_label_among_many_final_records_is_found_by_one_request()
    {
        var shard = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(1, 1_200).Select(number => EndAsync(shard, number, number % 500 == 0 ? "Bounced" : "Delivered")));
        _fixture.Faults.Reset((_, _) => TableFault.None);

        var found = await shard.ListAsync(null, "Bounced", Page, Token);

        Assert.Equal([Id(1_000), Id(500)], found.Select(record => record.Id));
        Assert.Equal(1, _fixture.Faults.Requests);
    }

    [Fact]
    public async Task Live_records_that_are_not_in_memory_come_by_the_fewest_requests()
    {
        var shard = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(1, 1_200).Select(number => shard.CommitAsync(Step(number, 0, Noon, number % 500 == 0 ? "Accepted" : "Deferred"))));
        shard = await OpenAsync();
        _fixture.Faults.Reset((_, _) => TableFault.None);

        // One by one, since they lie far from each other; and a look at the final ones.
        Assert.Equal([Id(1_000), Id(500)], (await shard.ListAsync(null, "Accepted", Page, Token)).Select(record => record.Id));
        Assert.InRange(_fixture.Faults.Requests, 2, 3);
        _fixture.Faults.Reset((_, _) => TableFault.None);
        var all = await shard.ListAsync(null, null, Page, Token);
        Assert.Equal(Enumerable.Range(701, Page).Reverse().Select(Id), all.Select(record => record.Id));
        Assert.All(all, record => Assert.Equal([1], record.State));
        Assert.Equal(2, _fixture.Faults.Requests);
    }

    [Fact]
    public async Task Records_of_a_writer_that_knows_no_labels_are_in_every_list()
    {
        var clock = new FakeTimeProvider(Noon);
        var shard = await OpenAsync(clock);
        await EndAsync(shard, 1, "Bounced");
        await EndAsync(shard, 2, "Delivered");
        await shard.CommitAsync(Step(3, 0, Noon, "Accepted"));
        await AsOlderWriterAsync();

        shard = await OpenAsync(clock);

        // What that writer wrote, and what it may have written, whatever its label was before.
        Assert.Equal([Id(3), Id(2), Id(1)], (await shard.ListAsync(null, "Deferred", Page, Token)).Select(record => record.Id));
        await EndAsync(shard, 4, "Delivered", Noon.AddHours(1));
        Assert.DoesNotContain(Id(4), (await shard.ListAsync(null, "Bounced", Page, Token)).Select(record => record.Id));
        Assert.Contains(Id(4), (await shard.ListAsync(null, "Delivered", Page, Token)).Select(record => record.Id));
    }

    /// <summary>The second message becomes final, and the third takes a step, by rows as they were before there were labels.</summary>
    async Task AsOlderWriterAsync()
    {
        var table = await _fixture.TableAsync();
        var partition = SpoolRows.Partition(1);
        var final = (await table.GetEntityAsync<TableEntity>(partition, SpoolRows.Known(Id(2)), cancellationToken: Token)).Value;
        final.Remove("Label");
        await table.UpdateEntityAsync(final, final.ETag, TableUpdateMode.Replace, Token);
        await table.UpdateEntityAsync(new TableEntity(partition, SpoolRows.Live(Id(3))) { ["Version"] = 2L }, Azure.ETag.All, TableUpdateMode.Merge, Token);
        var fence = (await table.GetEntityAsync<TableEntity>(partition, SpoolRows.Fence, cancellationToken: Token)).Value;
        fence.Remove("LabelledFrom");
        await table.UpdateEntityAsync(fence, fence.ETag, TableUpdateMode.Replace, Token);
    }

    async Task<ISpoolShard> OpenAsync(TimeProvider? clock = null) => await (await _fixture.OpenAsync(clock ?? TimeProvider.System)).OpenShardAsync(1, Token);

    static async Task EndAsync(ISpoolShard shard, int number, string label, DateTimeOffset? at = null)
    {
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(number, 0, Noon, "Accepted")));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(number, 1, null, label) with { At = at ?? Noon }));
    }

    static MessageId Id(int number) => new(((UInt128)(uint)number << 16) | 1);

    static SpoolCommit Step(int number, long version, DateTimeOffset? due, string label) => new()
    {
        Id = Id(number),
        ExpectedVersion = version,
        State = [1],
        Due = due,
        At = Noon,
        Label = label,
    };
}
