using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Storage.Sqlite;
using static Orleans.Mail.Storage.Tests.Sqlite.SqliteSpoolTests;

namespace Orleans.Mail.Storage.Tests.Sqlite;

/// <summary>Real faults: a file system without space, and damaged octets in the database file.</summary>
public sealed class DamagedDiskTests
{
    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(50_000)]
    [InlineData(0)]
    public async Task FileSystemFull_RefusesKnownlyKeepsWhatWasAcknowledgedAndRecovers(int contentBytes)
    {
        var folder = Directory.CreateTempSubdirectory("orleans-mail-full-").FullName;
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || Run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder) != 0) Assert.Skip("Mounting a small file system needs root on Linux.");
        var clock = new FakeTimeProvider(Noon);
        var fixture = new SqliteFixture { Folder = Path.Combine(folder, "spool"), Clock = clock };
        try
        {
            var spool = fixture.Open();
            var shard = await spool.OpenShardAsync(0, Token);
            var ballast = Path.Combine(folder, "ballast");
            await File.WriteAllBytesAsync(ballast, new byte[1_500_000], Token);
            var content = contentBytes == 0 ? null : new byte[contentBytes];
            var acknowledged = 0;
            SpoolUnavailableException? refusal = null;
            while (refusal is null)
            {
                Assert.True(acknowledged < 5000, "The file system never became full.");
                try
                {
                    await shard.CommitAsync(Accept(Id(acknowledged + 1), content) with { State = new byte[2000] });
                    acknowledged++;
                }
                catch (SpoolUnavailableException error)
                {
                    refusal = error;
                }
            }

            Assert.Equal(SpoolFault.Full, refusal.Fault);
            Assert.True(refusal.OutcomeKnown);
            File.Delete(ballast);
            await RecoverAsync(spool, clock);
            Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(Id(acknowledged + 1), content)));
            await fixture.CloseAsync();
            shard = await fixture.Open().OpenShardAsync(0, Token);
            Assert.Equal(acknowledged + 1, (await shard.CountAsync(Token)).Live);
            Assert.Equal(acknowledged + 1, shard.LastEvent);
            for (var i = 1; i <= acknowledged + 1; i++) Assert.Equal(content?.Length, (await shard.ReadContentAsync(Id(i), Token))?.Length);
        }
        finally
        {
            await fixture.CloseAsync();
            Run("umount", folder);
            Directory.Delete(folder);
        }
    }

    [Fact]
    public async Task DamagedPage_StopsOnlyTheMessagesOnIt()
    {
        var fixture = new SqliteFixture();
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        const int count = 200;
        for (var i = 1; i <= count; i++) await shard.CommitAsync(Accept(Id(i)) with { State = [.. Enumerable.Repeat((byte)i, 700)], Events = [] });
        await fixture.CloseAsync();
        var octets = await File.ReadAllBytesAsync(fixture.DatabasePath, Token);
        byte[] middle = [.. Enumerable.Repeat((byte)100, 700)];
        var page = octets.AsSpan().IndexOf(middle.AsSpan()) / 8192 * 8192;
        // The page's type and cell table, so that SQLite sees it.
        octets.AsSpan(page, 64).Fill(0xEE);
        await File.WriteAllBytesAsync(fixture.DatabasePath, octets, Token);

        shard = await fixture.Open(options => options.RetryInterval = TimeSpan.FromMilliseconds(1)).OpenShardAsync(0, Token);
        await Assert.ThrowsAsync<SpoolCorruptException>(() => shard.ReadAsync(Id(100), Token));
        await Assert.ThrowsAsync<SpoolCorruptException>(() => shard.CommitAsync(Final(Id(100))));
        Assert.Equal(700, (await shard.ReadAsync(Id(1), Token))!.State.Length);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Final(Id(1))));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(Id(count + 1), [1])));
        await fixture.CloseAsync();
    }

    [Fact]
    public async Task DamagedPageOfAnIndex_StopsOnlyTheMessagesOnItAndNoneThatSharesTheirTransaction()
    {
        var fixture = new SqliteFixture();
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        const int count = 1000;
        static string Site(int number) => $"site{number:0000}".PadRight(100, '.');
        await Task.WhenAll(Enumerable.Range(1, count).Select(i => shard.CommitAsync(Accept(Id(i)) with { WaitsFor = Site(i), Events = [] })));
        await fixture.CloseAsync();
        var octets = await File.ReadAllBytesAsync(fixture.DatabasePath, Token);
        const int pageBytes = 8192;
        const byte leafOfIndex = 0x0A;
        var page = Enumerable.Range(0, octets.Length / pageBytes).Single(number =>
            octets[number * pageBytes] == leafOfIndex && octets.AsSpan(number * pageBytes, pageBytes).IndexOf(System.Text.Encoding.ASCII.GetBytes(Site(500))) >= 0);
        octets.AsSpan(page * pageBytes, 64).Fill(0xEE);
        await File.WriteAllBytesAsync(fixture.DatabasePath, octets, Token);

        var spool = fixture.Open(options => options.RetryInterval = TimeSpan.FromMilliseconds(1));
        shard = await spool.OpenShardAsync(0, Token);
        // Every tenth, so that no page of the index empties and needs its neighbour. The first is at the disk while all others gather to one transaction.
        int[] changed = [.. Enumerable.Range(1, count / 10).Select(i => i * 10)];
        var stored = await Task.WhenAll(changed.Select(async i =>
        {
            try
            {
                return await shard.CommitAsync(Final(Id(i))) == CommitStatus.Committed;
            }
            catch (SpoolCorruptException)
            {
                return false;
            }
        }));
        var refused = changed.Where((_, index) => !stored[index]).ToList();
        Assert.Contains(500, refused);
        Assert.InRange(refused.Count, 1, 10);
        Assert.Null(spool.Fault);
        await fixture.CloseAsync();
        shard = await fixture.Open().OpenShardAsync(0, Token);
        foreach (var i in changed) Assert.Equal(refused.Contains(i) ? 1 : 2, (await shard.ReadAsync(Id(i), Token))!.Version);
        Assert.Equal(count - changed.Length + refused.Count, (await shard.CountAsync(Token)).Live);
        await fixture.CloseAsync();
    }

    [Fact]
    public async Task LogTruncatedOrSharedMemoryLost_OpensWithWhatIsWhole()
    {
        var fixture = new SqliteFixture();
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        for (var i = 1; i <= 20; i++) await shard.CommitAsync(Accept(Id(i)));
        // The files as a crash leaves them: log not yet copied back, its last frame torn, no shared memory.
        var crashed = new SqliteFixture();
        Directory.CreateDirectory(crashed.Folder);
        File.Copy(fixture.DatabasePath, crashed.DatabasePath);
        File.Copy(fixture.DatabasePath + "-wal", crashed.DatabasePath + "-wal");
        await File.AppendAllBytesAsync(crashed.DatabasePath + "-wal", [1, 2, 3], Token);
        await fixture.CloseAsync();
        shard = await crashed.Open().OpenShardAsync(0, Token);
        Assert.Equal(20, (await shard.CountAsync(Token)).Live);
        Assert.Equal(20, shard.LastEvent);
        await crashed.CloseAsync();
    }

    static async Task RecoverAsync(SqliteSpool spool, FakeTimeProvider clock)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (spool.Fault is not null)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10), "The spool did not recover.");
            await Task.Yield();
        }
    }

    static int Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
