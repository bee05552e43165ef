using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Storage.Sqlite;

namespace Orleans.Mail.Storage.Tests.Sqlite;

/// <summary>What is special about the spool in a folder.</summary>
public sealed class SqliteSpoolTests : IAsyncDisposable
{
    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    readonly FakeTimeProvider clock = new(Noon);
    readonly SqliteFixture fixture;

    public SqliteSpoolTests() => fixture = new SqliteFixture { Clock = clock };

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => fixture.CloseAsync();

    [Fact]
    public async Task OpenShardAsync_FolderInUse_IsBusyAndNamesTheFolder()
    {
        await fixture.Open().OpenShardAsync(0, Token);
        var second = new SqliteFixture { Folder = fixture.Folder };
        var error = await Assert.ThrowsAsync<SpoolUnavailableException>(() => second.Open().OpenShardAsync(0, Token));
        Assert.Equal(SpoolFault.Busy, error.Fault);
        Assert.Contains(fixture.Folder, error.Message, StringComparison.Ordinal);
        await second.CloseAsync();
        await fixture.CloseAsync();
        await second.Open().OpenShardAsync(0, Token);
        await second.CloseAsync();
    }

    [Fact]
    public async Task OpenShardAsync_OtherShardCount_IsRefusedAndNamesBoth()
    {
        await fixture.Open().OpenShardAsync(0, Token);
        await fixture.CloseAsync();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.Open(options => options.ShardCount = 8).OpenShardAsync(0, Token));
        Assert.Contains("created with 4 shards", error.Message, StringComparison.Ordinal);
        Assert.Contains("is 8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenShardAsync_OlderSchema_IsMigratedAndKeepsMessages()
    {
        var id = Id(1);
        await (await fixture.Open().OpenShardAsync(0, Token)).CommitAsync(Accept(id, [1]));
        await fixture.CloseAsync();
        string[] steps = [.. SpoolSchema.Steps, "CREATE TABLE later(x); INSERT INTO later VALUES(7);"];
        var shard = await fixture.Open(steps: steps).OpenShardAsync(0, Token);
        Assert.NotNull(await shard.ReadAsync(id, Token));
        await fixture.CloseAsync();
        using var database = Database.Open(fixture.DatabasePath, create: false);
        Assert.Equal(SpoolSchema.Steps.Count + 1, database.Scalar("SELECT value FROM meta WHERE name = 'schema'"));
        Assert.Equal(7, database.Scalar("SELECT x FROM later"));
    }

    [Fact]
    public async Task OpenShardAsync_MigrationFails_LeavesTheOldVersion()
    {
        await fixture.Open().OpenShardAsync(0, Token);
        await fixture.CloseAsync();
        string[] steps = [.. SpoolSchema.Steps, "CREATE TABLE later(x); INSERT INTO missing VALUES(7);"];
        await Assert.ThrowsAsync<SpoolUnavailableException>(() => fixture.Open(steps: steps).OpenShardAsync(0, Token));
        await fixture.CloseAsync();
        await fixture.Open().OpenShardAsync(0, Token);
    }

    [Fact]
    public async Task OpenShardAsync_NewerSchema_IsRefused()
    {
        await fixture.Open().OpenShardAsync(0, Token);
        await fixture.CloseAsync();
        using (var database = Database.Open(fixture.DatabasePath, create: false)) database.Execute("UPDATE meta SET value = 99 WHERE name = 'schema'");
        var error = await Assert.ThrowsAsync<SpoolUnavailableException>(() => fixture.Open().OpenShardAsync(0, Token));
        Assert.Equal(SpoolFault.Corrupt, error.Fault);
        Assert.Contains("version 99", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenShardAsync_NotADatabase_NamesTheFile()
    {
        Directory.CreateDirectory(fixture.Folder);
        await File.WriteAllBytesAsync(fixture.DatabasePath, [.. Enumerable.Repeat((byte)0x55, 20_000)], Token);
        var error = await Assert.ThrowsAsync<SpoolUnavailableException>(() => fixture.Open().OpenShardAsync(0, Token));
        Assert.Equal(SpoolFault.Corrupt, error.Fault);
        Assert.Contains(fixture.DatabasePath, error.Message, StringComparison.Ordinal);
    }

    // NORMAL would roll back acknowledged commits after a loss of power.
    [Fact]
    public void Store_FlushesEveryCommit()
    {
        var folder = Directory.CreateTempSubdirectory("spool-").FullName;
        using (var store = SpoolStore.Open(new SqliteSpoolOptions { Folder = folder }, SpoolSchema.Steps, TimeProvider.System)) Assert.Equal(2, store.Database.Scalar("PRAGMA synchronous"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task ReadContentAsync_FlippedBit_IsCorruptForThatMessageOnly()
    {
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        byte[] secret = [.. Enumerable.Repeat((byte)0xA1, 100)];
        await shard.CommitAsync(Accept(Id(1), [.. Enumerable.Repeat((byte)0xA0, 100)]));
        await shard.CommitAsync(Accept(Id(2), secret));
        await shard.CommitAsync(Accept(Id(3), [.. Enumerable.Repeat((byte)0xA2, 100)]));
        await fixture.CloseAsync();
        var path = Assert.Single(fixture.Segments);
        var octets = await File.ReadAllBytesAsync(path, Token);
        octets[octets.AsSpan().IndexOf(secret.AsSpan()) + 50] ^= 4;
        await File.WriteAllBytesAsync(path, octets, Token);
        shard = await fixture.Open().OpenShardAsync(0, Token);
        await Assert.ThrowsAsync<SpoolCorruptException>(() => shard.ReadContentAsync(Id(2), Token));
        Assert.Equal(100, (await shard.ReadContentAsync(Id(1), Token))!.Value.Length);
        Assert.Equal(100, (await shard.ReadContentAsync(Id(3), Token))!.Value.Length);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(Id(2)) with { ExpectedVersion = 1, Content = null, Due = null }));
    }

    [Fact]
    public async Task ReadContentAsync_SegmentMissingOrShort_IsCorrupt()
    {
        var shard = await fixture.Open(options => options.SegmentBytes = 4096).OpenShardAsync(0, Token);
        await shard.CommitAsync(Accept(Id(1), new byte[4000]));
        await shard.CommitAsync(Accept(Id(2), new byte[4000]));
        await fixture.CloseAsync();
        var paths = fixture.Segments.ToArray();
        File.Delete(paths[0]);
        await File.WriteAllBytesAsync(paths[1], (await File.ReadAllBytesAsync(paths[1], Token))[..2000], Token);
        shard = await fixture.Open().OpenShardAsync(0, Token);
        await Assert.ThrowsAsync<SpoolCorruptException>(() => shard.ReadContentAsync(Id(1), Token));
        await Assert.ThrowsAsync<SpoolCorruptException>(() => shard.ReadContentAsync(Id(2), Token));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(Id(3), [1])));
    }

    [Fact]
    public async Task Reopening_TornTailOfASegment_IsIgnored()
    {
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        await shard.CommitAsync(Accept(Id(1), [1, 2, 3]));
        await fixture.CloseAsync();
        await File.AppendAllBytesAsync(Assert.Single(fixture.Segments), [0x4F, 0x53, 0x47, 0x52, 0xFF, 0xFF], Token);
        shard = await fixture.Open().OpenShardAsync(0, Token);
        Assert.Equal([1, 2, 3], (await shard.ReadContentAsync(Id(1), Token))!.Value.ToArray());
        await shard.CommitAsync(Accept(Id(2), [4]));
        Assert.Equal([4], (await shard.ReadContentAsync(Id(2), Token))!.Value.ToArray());
        Assert.Equal(2, fixture.Segments.Count());
    }

    [Fact]
    public async Task FinalMessages_LetTheirSegmentsGo()
    {
        var shard = await fixture.Open(options => options.SegmentBytes = 4096).OpenShardAsync(0, Token);
        for (var i = 1; i <= 20; i++) await shard.CommitAsync(Accept(Id(i), new byte[3000]));
        Assert.Equal(20, fixture.Segments.Count());
        for (var i = 1; i <= 19; i++) await shard.CommitAsync(Final(Id(i)));
        await EventuallyAsync(() => fixture.Segments.Count() == 1);
        Assert.Equal(3000, (await shard.ReadContentAsync(Id(20), Token))!.Value.Length);
    }

    [Fact]
    public async Task SparseSegment_IsCompactedAfterAWhileAndKeepsItsSurvivor()
    {
        var shard = await fixture.Open(options => options.SegmentBytes = 64 * 1024).OpenShardAsync(0, Token);
        for (var i = 1; i <= 30; i++) await shard.CommitAsync(Accept(Id(i), [.. Enumerable.Repeat((byte)i, 3000)]));
        Assert.Equal(2, fixture.Segments.Count());
        var first = fixture.Segments.First();
        for (var i = 1; i <= 30; i++)
        {
            if (i != 7) await shard.CommitAsync(Final(Id(i)));
        }

        Assert.True(File.Exists(first));
        clock.Advance(TimeSpan.FromMinutes(2));
        await EventuallyAsync(() => !File.Exists(first));
        Assert.Equal(Enumerable.Repeat((byte)7, 3000), (await shard.ReadContentAsync(Id(7), Token))!.Value.ToArray());
        await fixture.CloseAsync();
        shard = await fixture.Open().OpenShardAsync(0, Token);
        Assert.Equal(Enumerable.Repeat((byte)7, 3000), (await shard.ReadContentAsync(Id(7), Token))!.Value.ToArray());
    }

    [Fact]
    public async Task Orphans_GoAtOpening()
    {
        await fixture.Open().OpenShardAsync(0, Token);
        await fixture.CloseAsync();
        var orphan = Path.Combine(fixture.Folder, "content", "00000009.seg");
        await File.WriteAllBytesAsync(orphan, new byte[100], Token);
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        Assert.False(File.Exists(orphan));
        await shard.CommitAsync(Accept(Id(1), [1]));
        Assert.EndsWith("00000010.seg", Assert.Single(fixture.Segments), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommitAsync_AfterClosing_IsClosed()
    {
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        var waiting = shard.WaitForEventAsync(0, Token);
        await fixture.CloseAsync();
        Assert.Equal(SpoolFault.Closed, (await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(Id(1))))).Fault);
        Assert.Equal(SpoolFault.Closed, (await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.ReadAsync(Id(1), Token))).Fault);
        await Assert.ThrowsAsync<SpoolUnavailableException>(() => waiting);
    }

    [Fact]
    public async Task ReadEventsAsync_OlderThanTheRing_ComesFromDisk()
    {
        var shard = await fixture.Open(options => options.RecentEvents = 8).OpenShardAsync(0, Token);
        for (var i = 1; i <= 30; i++) await shard.CommitAsync(Accept(Id(i)));
        Assert.Equal([3, 4, 5], (await shard.ReadEventsAsync(2, 3, Token)).Select(item => item.Number));
        Assert.Equal([29, 30], (await shard.ReadEventsAsync(28, 3, Token)).Select(item => item.Number));
        Assert.Equal(Id(29), (await shard.ReadEventsAsync(28, 3, Token))[0].Event.MessageId);
    }

    internal static MessageId Id(int number) => new((UInt128)(uint)number << 16);

    internal static SpoolCommit Accept(MessageId id, byte[]? content = null) => new()
    {
        Id = id,
        ExpectedVersion = 0,
        State = [1],
        Due = Noon,
        Content = content is null ? null : (ReadOnlyMemory<byte>?)content,
        At = Noon,
        Events = [new DeliveryEvent { MessageId = id, Type = EventType.Accepted, At = Noon, Tenant = "acme" }],
    };

    internal static SpoolCommit Final(MessageId id) => new() { Id = id, ExpectedVersion = 1, State = [2], Due = null, At = Noon };

    internal static async Task EventuallyAsync(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10), "The condition did not come true.");
            await Task.Yield();
        }
    }
}
