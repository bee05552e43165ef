using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Storage.Sqlite;
using static Orleans.Mail.Storage.Tests.Sqlite.SqliteSpoolTests;

namespace Orleans.Mail.Storage.Tests.Sqlite;

/// <summary>The index of what waits for a site, and the size of the log.</summary>
public sealed class WaitingIndexTests : IAsyncDisposable
{
    const string Site = "mx.example.net";

    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    readonly FakeTimeProvider clock = new(Noon);
    readonly SqliteFixture fixture;

    public WaitingIndexTests() => fixture = new SqliteFixture { Clock = clock };

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => fixture.CloseAsync();

    [Fact]
    public async Task Version1File_IsMigrated_AndItsMessagesCanWait()
    {
        WriteVersion1(Id(1));
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        Assert.Equal([1, 2], (await shard.ReadAsync(Id(1), Token))!.State);
        Assert.Empty(await shard.ReadWaitingAsync(Site, null, 10, Token));
        await shard.CommitAsync(Final(Id(1)) with { Due = Noon, WaitsFor = Site, Rank = 1 });
        await shard.CommitAsync(Accept(Id(2)) with { WaitsFor = Site, Rank = 1 });
        Assert.Equal([Id(1), Id(2)], (await shard.ReadWaitingAsync(Site, null, 10, Token)).Select(item => item.Id));
    }

    [Theory]
    [InlineData(ReadConnection.RestOfRank, "(shard=? AND site=? AND rank=? AND rowid>?)")]
    [InlineData(ReadConnection.LaterRanks, "(shard=? AND site=? AND rank>?)")]
    public async Task Query_SeeksInTheIndexAndSortsNothing(string sql, string terms)
    {
        await fixture.Open().OpenShardAsync(0, Token);
        await fixture.CloseAsync();
        using var database = Database.Open(fixture.DatabasePath, create: false);
        var plan = database.Prepare("EXPLAIN QUERY PLAN " + sql);
        Assert.True(plan.Step());
        Assert.Equal("SEARCH message USING INDEX message_waiting " + terms, plan.Text(3));
        Assert.False(plan.Step());
    }

    [Fact]
    public async Task SetAsideAsync_RowCannotBeRead_SaysSoAndLaterCommitsGoOn()
    {
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        for (var i = 1; i <= 200; i++) await shard.CommitAsync(Accept(Id(i)) with { State = [.. Enumerable.Repeat((byte)i, 700)], Events = [] });
        await fixture.CloseAsync();
        var octets = await File.ReadAllBytesAsync(fixture.DatabasePath, Token);
        byte[] state = [.. Enumerable.Repeat((byte)100, 700)];
        octets.AsSpan(octets.AsSpan().IndexOf(state.AsSpan()) / 8192 * 8192, 64).Fill(0xEE);
        await File.WriteAllBytesAsync(fixture.DatabasePath, octets, Token);

        shard = await fixture.Open().OpenShardAsync(0, Token);
        await Assert.ThrowsAsync<SpoolCorruptException>(() => shard.SetAsideAsync(Id(100), Noon.AddYears(1)));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Final(Id(1))));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(Id(201))));
        Assert.True(await shard.SetAsideAsync(Id(2), Noon.AddYears(1)));
    }

    [Fact]
    public async Task LogOfAStorm_ShrinksInTheNextQuietMoment()
    {
        const int bound = 256 * 1024;
        var shard = await fixture.Open(options => (options.LogBytes, options.CheckpointPages) = (bound, 1_000_000)).OpenShardAsync(0, Token);
        for (var i = 1; i <= 100; i++) await shard.CommitAsync(Accept(Id(i)) with { State = new byte[8000] });
        var log = fixture.DatabasePath + "-wal";
        Assert.True(new FileInfo(log).Length > bound);
        clock.Advance(TimeSpan.FromMinutes(1));
        await EventuallyAsync(() => new FileInfo(log).Length <= bound);
        Assert.Equal(8000, (await shard.ReadAsync(Id(100), Token))!.State.Length);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Final(Id(100))));
    }

    void WriteVersion1(MessageId id)
    {
        Directory.CreateDirectory(fixture.Folder);
        using var database = Database.Open(fixture.DatabasePath, create: true);
        SpoolSchema.Migrate(database, [SpoolSchema.Steps[0]], fixture.DatabasePath);
        SpoolSchema.CheckShards(database, 4, fixture.DatabasePath);
        database.Prepare("INSERT INTO message(shard, id, version, state, due, holder) VALUES(0, ?, 1, x'0102', ?, 0)")
            .Bind(1, id).Bind(2, Noon.ToUnixTimeMilliseconds()).Run();
    }
}
