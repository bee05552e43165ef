using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Storage.Sqlite;
using static SQLitePCL.raw;

namespace Orleans.Mail.Storage.Tests.Sqlite;

/// <summary>Every storage operation fails once; then nothing acknowledged is lost and nothing is half there (reliability catalogue SF5).</summary>
public sealed class StorageFaultTests
{
    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("io", false)]
    [InlineData("full", false)]
    [InlineData("busy", false)]
    [InlineData("read-only", false)]
    [InlineData("disk", false)]
    [InlineData("io", true)]
    public async Task EveryOperationFailsOnce_NothingIsLostOrHalfThere(string kind, bool answerLost)
    {
        var clean = false;
        var n = 1;
        for (; !clean; n++)
        {
            Assert.True(n < 2000, "The workload never ran without reaching the fault.");
            clean = await RunOnceAsync(kind, answerLost, n);
        }

        Assert.True(n > 20, $"Only {n} operations were reached.");
    }

    [Fact]
    public async Task CommitAsync_StoreBreaksAtCommitAndStaysDown_OutcomeIsUnknownThenFailsFastThenRecovers()
    {
        var clock = new FakeTimeProvider(Noon);
        var fixture = new SqliteFixture { Clock = clock };
        var faults = new NthFault(() => new SqliteFailure(SQLITE_IOERR_FSYNC, "injected"));
        var spool = fixture.Open(options => options.Faults = faults);
        var shard = await spool.OpenShardAsync(0, Token);
        faults.Break(StorageOperation.Commit, StorageOperation.Open);
        var lost = await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(1)));
        Assert.Equal((SpoolFault.Io, false), (lost.Fault, lost.OutcomeKnown));
        var refused = await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(2)));
        Assert.Equal((SpoolFault.Io, true), (refused.Fault, refused.OutcomeKnown));
        await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.ReadAsync(Id(1), Token));
        Assert.Equal(SpoolFault.Io, spool.Fault);
        Assert.Equal(Noon, spool.Since);
        faults.Repair();
        await RecoverAsync(spool, clock);
        Assert.Null(spool.Since);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(2)));
        await fixture.CloseAsync();
    }

    [Fact]
    public async Task CommitAsync_AnswerOfCommitLost_IsFoundCommitted()
    {
        var fixture = new SqliteFixture();
        var faults = new NthFault(() => new SqliteFailure(SQLITE_IOERR, "injected"), answerLost: true);
        var spool = fixture.Open(options => options.Faults = faults);
        var shard = await spool.OpenShardAsync(0, Token);
        // Begin, then commit: there is no content.
        faults.Arm(2);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(1) with { Content = null }));
        Assert.True(faults.Fired);
        Assert.Equal(1, (await shard.ReadAsync(Id(1), Token))!.Version);
        Assert.Equal(1, shard.LastEvent);
        Assert.Null(spool.Fault);
        await fixture.CloseAsync();
    }

    [Fact]
    public async Task CommitAsync_DiskFullAtSegment_RefusesKnownlyAndRecovers()
    {
        const int noSpace = 28;
        var clock = new FakeTimeProvider(Noon);
        var fixture = new SqliteFixture { Clock = clock };
        var faults = new NthFault(() => new IOException("No space left on device", noSpace));
        var spool = fixture.Open(options => options.Faults = faults);
        var shard = await spool.OpenShardAsync(0, Token);
        faults.Break(StorageOperation.SegmentWrite);
        var full = await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(1)));
        Assert.Equal((SpoolFault.Full, true), (full.Fault, full.OutcomeKnown));
        faults.Repair();
        await RecoverAsync(spool, clock);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(1)));
        await fixture.CloseAsync();
    }

    static async Task<bool> RunOnceAsync(string kind, bool answerLost, int n)
    {
        var fixture = SqliteFixture.InMemory();
        var faults = new NthFault(Error(kind), answerLost);
        faults.Arm(n);
        var spool = fixture.Open(options =>
        {
            options.Faults = faults;
            options.RetryInterval = TimeSpan.FromMilliseconds(1);
            options.SegmentBytes = 4096;
            options.CheckpointPages = 8;
        });
        var shard = await UntilDoneAsync(() => spool.OpenShardAsync(0, Token), null);
        var epoch = shard.Epoch;
        for (var number = 1; number <= 6; number += 2)
        {
            // Two messages at a time, so that batches hold more than one commit.
            await Task.WhenAll(LifeAsync(shard, number), LifeAsync(shard, number + 1));
        }

        Assert.Equal(CommitStatus.Conflict, await UntilDoneAsync(() => shard.CommitAsync(Accept(1)), null));
        Assert.Equal(epoch, shard.Epoch);
        faults.Arm(0);
        await fixture.CloseAsync();
        await VerifyAsync(fixture);
        await fixture.RemoveAsync();
        return !faults.Fired;
    }

    static async Task LifeAsync(ISpoolShard shard, int number)
    {
        await CommitAsync(shard, Accept(number));
        await CommitAsync(shard, Step(number, 1, Noon.AddMinutes(5)));
        if (number % 3 != 0) await CommitAsync(shard, Step(number, 2, null));
    }

    static async Task VerifyAsync(SqliteFixture fixture)
    {
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        for (var number = 1; number <= 6; number++)
        {
            var isFinal = number % 3 != 0;
            var record = await shard.ReadAsync(Id(number), Token);
            Assert.Equal((isFinal ? 3 : 2, isFinal), (record!.Version, record.FinalAt is not null));
            Assert.Equal((byte)record.Version, record.State[0]);
            var content = await shard.ReadContentAsync(Id(number), Token);
            if (isFinal) Assert.Null(content);
            else Assert.Equal(Content(number), content!.Value.ToArray());
        }

        var events = await shard.ReadEventsAsync(0, 100, Token);
        Assert.Equal(Enumerable.Range(1, 16).Select(i => (long)i), events.Select(item => item.Number));
        Assert.All(events.GroupBy(item => item.Event.MessageId), group => Assert.Equal(group.OrderBy(item => item.Event.Attempt), group));
        Assert.Equal(2, (await shard.CountAsync(Token)).Live);
        await fixture.CloseAsync();
    }

    static async Task CommitAsync(ISpoolShard shard, SpoolCommit commit)
    {
        var status = await UntilDoneAsync(() => shard.CommitAsync(commit), async () =>
            (await shard.ReadAsync(commit.Id, Token))?.Version > commit.ExpectedVersion ? CommitStatus.Committed : null);
        Assert.Equal(CommitStatus.Committed, status);
    }

    /// <summary>Repeats what was refused; where the outcome is unknown, it is looked up first.</summary>
    static async Task<T> UntilDoneAsync<T>(Func<Task<T>> action, Func<Task<CommitStatus?>>? lookUp)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        var unsure = false;
        while (TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(20))
        {
            try
            {
                if (unsure && lookUp is not null && await lookUp() is T found) return found;
                unsure = false;
                return await action();
            }
            catch (SpoolUnavailableException error)
            {
                unsure |= !error.OutcomeKnown;
                await Task.Yield();
            }
        }

        throw new TimeoutException("The spool did not recover.");
    }

    static async Task RecoverAsync(SqliteSpool spool, FakeTimeProvider clock)
    {
        clock.Advance(TimeSpan.FromSeconds(1));
        var started = TimeProvider.System.GetTimestamp();
        while (spool.Fault is not null)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10), "The spool did not recover.");
            await Task.Yield();
        }
    }

    static Func<Exception> Error(string kind)
    {
        const int noSpace = 28;
        return kind switch
        {
            "io" => () => new SqliteFailure(SQLITE_IOERR_FSYNC, "injected"),
            "full" => () => new SqliteFailure(SQLITE_FULL, "injected"),
            "busy" => () => new SqliteFailure(SQLITE_BUSY, "injected"),
            "read-only" => () => new SqliteFailure(SQLITE_READONLY, "injected"),
            _ => () => new IOException("No space left on device", noSpace),
        };
    }

    static MessageId Id(int number) => new((UInt128)(uint)number << 16);

    static byte[] Content(int number) => [.. Enumerable.Repeat((byte)number, 1500)];

    static SpoolCommit Accept(int number) => new()
    {
        Id = Id(number),
        ExpectedVersion = 0,
        State = [1],
        Due = Noon,
        Content = Content(number),
        At = Noon,
        Events = [new DeliveryEvent { MessageId = Id(number), Type = EventType.Accepted, At = Noon, Tenant = "acme" }],
    };

    static SpoolCommit Step(int number, int version, DateTimeOffset? due) => new()
    {
        Id = Id(number),
        ExpectedVersion = version,
        State = [(byte)(version + 1)],
        Due = due,
        At = Noon,
        Events = [new DeliveryEvent { MessageId = Id(number), Type = EventType.Attempting, Attempt = version, At = Noon, Tenant = "acme" }],
    };
}
