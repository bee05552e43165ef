using System.Threading.Channels;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;
using Orleans.Mail.Storage.Tests.Sqlite;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Spool;

/// <summary>What breaks on the way to the tables, and what a message costs.</summary>
public sealed class AzureSpoolFaultTests(TableEmulator emulator) : IDisposable
{
    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    readonly string name = $"s{Guid.NewGuid():N}";
    readonly TableFaults faults = new();
    AzureSpool? spool;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        spool?.Dispose();
        faults.Dispose();
    }

    [Theory]
    [InlineData("LostAnswer")]
    [InlineData("Busy")]
    [InlineData("Unreachable")]
    [InlineData("Throttled")]
    [InlineData("Failed")]
    [InlineData("Broken")]
    public async Task CommitAsync_FirstTryBreaks_IsCommittedOnce(string fault)
    {
        var shard = await OpenAsync();
        faults.Reset((number, _) => number == 1 ? Enum.Parse<TableFault>(fault) : TableFault.None);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(1)));
        Assert.True(faults.Requests > 1);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(1, 1, null)));
        Assert.Equal((2L, 2), (shard.LastEvent, (await shard.ReadEventsAsync(0, 10, Token)).Count));
    }

    [Fact]
    public async Task CommitAsync_AnswersStayLost_OutcomeIsUnknownThenFoundBeforeTheNextCommit()
    {
        var shard = await OpenAsync(options => options.MaxRetries = 0);
        faults.Reset((number, _) => number == 1 ? TableFault.LostAnswer : TableFault.None);
        var lost = await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(1)));
        Assert.False(lost.OutcomeKnown);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(2)));
        Assert.Equal(1, (await shard.ReadAsync(Id(1), Token))!.Version);
        Assert.Equal(2, shard.LastEvent);
    }

    [Fact]
    public async Task CommitAsync_NeverArrived_IsBarredByTheNextCommit()
    {
        var shard = await OpenAsync(options => options.MaxRetries = 0);
        faults.Reset((number, _) => number == 1 ? TableFault.Unreachable : TableFault.None);
        Assert.False((await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(1)))).OutcomeKnown);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(2)));
        Assert.Null(await shard.ReadAsync(Id(1), Token));
        Assert.Equal(1, shard.LastEvent);
    }

    [Theory]
    [InlineData("Throttled", true)]
    [InlineData("Busy", false)]
    public async Task CommitAsync_NotServedThroughout_SaysWhetherAnythingMayBeStored(string fault, bool outcomeKnown)
    {
        var shard = await OpenAsync(options => options.MaxRetries = 2);
        faults.Reset((_, _) => Enum.Parse<TableFault>(fault));
        var refused = await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(1)));
        Assert.Equal((SpoolFault.Busy, outcomeKnown), (refused.Fault, refused.OutcomeKnown));
        Assert.True(faults.Requests >= 3);
        faults.Reset(null);
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(1)));
    }

    [Fact]
    public async Task CommitAsync_MessageThatWasFinal_IsConflictAndSparesNeighbours()
    {
        var shard = await OpenAsync();
        await shard.CommitAsync(Accept(1));
        await shard.CommitAsync(Step(1, 1, null));
        var statuses = await Task.WhenAll(shard.CommitAsync(Accept(2)), shard.CommitAsync(Accept(1)), shard.CommitAsync(Accept(3)));
        Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict, CommitStatus.Committed], statuses);
        Assert.Equal(4, shard.LastEvent);
    }

    [Fact]
    public async Task CommitAsync_OneThatTheTableRefuses_SparesNeighbours()
    {
        var shard = await OpenAsync();
        var guilty = Inverted(3);
        faults.Reset((_, request) => request.Content?.ReadAsStringAsync(Token).GetAwaiter().GetResult().Contains(guilty, StringComparison.Ordinal) == true ? TableFault.Refused : TableFault.None);
        var commits = Enumerable.Range(1, 6).Select(number => shard.CommitAsync(Accept(number))).ToList();
        var refused = await Assert.ThrowsAsync<SpoolUnavailableException>(() => commits[2]);
        Assert.True(refused.OutcomeKnown);
        foreach (var neighbour in commits.Where((_, i) => i != 2)) Assert.Equal(CommitStatus.Committed, await neighbour);
        Assert.Equal(5, shard.LastEvent);
    }

    [Fact]
    public async Task CommitAsync_OneWhoseRecordIsDamaged_SparesNeighbours()
    {
        var shard = await OpenAsync();
        var table = new TableClient(await emulator.ConnectionStringAsync(), name);
        await table.AddEntityAsync(new TableEntity("s001", "m" + Inverted(2)) { ["Version"] = 1L, ["FinalAt"] = 1L, ["StateLength"] = 9 }, Token);
        var commits = new[] { shard.CommitAsync(Accept(1)), shard.CommitAsync(Accept(3)), shard.CommitAsync(Step(2, 1, null)), shard.CommitAsync(Accept(4)) };
        await Assert.ThrowsAsync<SpoolCorruptException>(() => commits[2]);
        foreach (var neighbour in commits.Where((_, i) => i != 2)) Assert.Equal(CommitStatus.Committed, await neighbour);
    }

    [Fact]
    public async Task CommitAsync_ManyLargeEvents_NeverExceedARow()
    {
        var shard = await OpenAsync();
        var large = Enumerable.Range(1, 8).Select(number => Accept(number) with { Events = [new DeliveryEvent { MessageId = Id(number), Type = EventType.Deferred, At = Noon, Tenant = new string('t', 300_000) }] });
        Assert.All(await Task.WhenAll(large.Select(shard.CommitAsync)), status => Assert.Equal(CommitStatus.Committed, status));
        Assert.Equal(8, (await shard.ReadEventsAsync(0, 100, Token)).Count);
    }

    [Fact]
    public async Task A_writer_that_learned_of_another_reads_nothing_more()
    {
        var shard = await OpenAsync();
        await shard.CommitAsync(Accept(1));
        await OpenAsync();
        await Assert.ThrowsAsync<SpoolFencedException>(() => shard.PurgeAsync(Noon, 10, Token));
        await Assert.ThrowsAsync<SpoolFencedException>(() => shard.ReadAsync(Id(1), Token));
        await Assert.ThrowsAsync<SpoolFencedException>(() => shard.ReadDueAsync(Noon, null, 10, Token));
        await Assert.ThrowsAsync<SpoolFencedException>(() => shard.CommitAsync(Accept(2)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_writer_that_ends_with_a_lost_transaction_asks_for_nothing_more(bool isReplaced)
    {
        var (shard, first) = (await OpenAsync(options => options.MaxRetries = 0), spool!);
        faults.Reset((_, _) => TableFault.Unreachable);
        Assert.False((await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(1)))).OutcomeKnown);
        if (!isReplaced) first.Dispose();
        faults.Reset(null);
        var successor = await OpenAsync();
        if (isReplaced) await Assert.ThrowsAsync<SpoolFencedException>(() => shard.CommitAsync(Accept(2)));
        faults.Reset((_, _) => TableFault.None);
        for (var number = 10; number < 60; number++) await successor.CommitAsync(Accept(number));
        Assert.Equal(50, faults.Requests);
    }

    [Fact]
    public async Task ProbeAsync_TellsWhetherStorageTakesAnything_AndEndsAFaultThatIsOver()
    {
        var shard = await OpenAsync(options => options.MaxRetries = 0);
        Assert.True(await spool!.ProbeAsync(Token));
        faults.Reset((_, _) => TableFault.Unreachable);
        await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(1)));
        Assert.False(await spool.ProbeAsync(Token));
        Assert.Equal(SpoolFault.Io, spool.Fault);
        faults.Reset(null);
        Assert.True(await spool.ProbeAsync(Token));
        Assert.Null(spool.Fault);
    }

    [Fact]
    public async Task CommitAsync_Throttled_WaitsAsLongAsTheServiceAsks()
    {
        var clock = new WaitingClock();
        var shard = await OpenAsync(clock: clock);
        faults.RetryAfterSeconds = 3;
        faults.Reset((number, _) => number == 1 ? TableFault.Throttled : TableFault.None);
        var committing = shard.CommitAsync(Accept(1));
        Assert.Equal(TimeSpan.FromSeconds(3), await clock.Waits.Reader.ReadAsync(Token));
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(CommitStatus.Committed, await committing);
    }

    [Fact]
    public async Task CommitAsync_MoreOctetsWaitThanMay_IsRefusedAtOnce()
    {
        var shard = await OpenAsync(options => options.MaxQueuedBytes = 100_000);
        var released = new TaskCompletionSource();
        faults.Before = _ => released.Task;
        var first = shard.CommitAsync(Accept(1));
        var waiting = shard.CommitAsync(Accept(2) with { Content = new byte[90_000] });
        var refused = await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(3) with { Content = new byte[20_000] }));
        Assert.Equal((SpoolFault.Busy, true), (refused.Fault, refused.OutcomeKnown));
        faults.Before = null;
        released.SetResult();
        Assert.All(await Task.WhenAll(first, waiting), status => Assert.Equal(CommitStatus.Committed, status));
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(3) with { Content = new byte[20_000] }));
    }

    [Fact]
    public async Task VerifyAsync_CostsOneRead()
    {
        var shard = await OpenAsync();
        faults.Reset((_, _) => TableFault.None);
        await shard.VerifyAsync(Token);
        Assert.Equal(1, faults.Requests);
    }

    [Fact]
    public async Task CommitAsync_NoAnswerTwice_IsTroubleBeforeTheLastTry()
    {
        var shard = await OpenAsync(options => options.MaxRetries = 3);
        SpoolFault? between = null;
        faults.Reset((number, _) =>
        {
            if (number == 3) between = spool!.Fault;
            return number <= 3 ? TableFault.Unreachable : TableFault.None;
        });
        Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(1)));
        Assert.Equal((SpoolFault.Io, null), (between, spool!.Fault));
    }

    [Fact]
    public async Task CommitAsync_AfterDispose_IsRefused()
    {
        var shard = await OpenAsync();
        spool!.Dispose();
        var refused = await Assert.ThrowsAsync<SpoolUnavailableException>(() => shard.CommitAsync(Accept(1)));
        Assert.Equal((SpoolFault.Closed, true), (refused.Fault, refused.OutcomeKnown));
        Assert.Equal(SpoolFault.Closed, (await Assert.ThrowsAsync<SpoolUnavailableException>(() => spool.OpenShardAsync(0, Token))).Fault);
    }

    [Fact]
    public async Task OpenShardAsync_OtherNumberOfShards_SaysWhichToSet()
    {
        await OpenAsync();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => OpenAsync(options => options.ShardCount = 8));
        Assert.Contains("set it to 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_costs_a_fifth_of_a_request_under_load_and_three_alone()
    {
        const int count = 1000;
        var shard = await OpenAsync();
        faults.Reset((_, _) => TableFault.None);
        await DeliverAsync(0);
        Assert.Equal(3, faults.Requests);
        faults.Reset((_, _) => TableFault.None);
        await Task.WhenAll(Enumerable.Range(1, count).Select(DeliverAsync));
        TestContext.Current.TestOutputHelper?.WriteLine($"{(double)faults.Requests / count} requests for each message");
        Assert.InRange(faults.Requests, count / 100, count / 5);

        async Task DeliverAsync(int number)
        {
            Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Accept(number)));
            Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(number, 1, Noon.AddHours(1))));
            Assert.Equal(4, (await shard.ReadContentAsync(Id(number), Token))!.Value.Length);
            Assert.Equal(CommitStatus.Committed, await shard.CommitAsync(Step(number, 2, null)));
        }
    }

    [Fact]
    public async Task CommitAsync_AfterABusyTransaction_GathersForAWhileAndNeverElse()
    {
        var clock = new WaitingClock();
        var shard = await OpenAsync(clock: clock);
        for (var number = 1; number <= 5; number++) await shard.CommitAsync(Accept(number));
        Assert.False(clock.Waits.Reader.TryRead(out _));

        // The first goes by itself; the others come meanwhile and go together.
        await Task.WhenAll(Enumerable.Range(10, 20).Select(number => shard.CommitAsync(Accept(number))));
        Assert.Equal(TimeSpan.FromMilliseconds(50), await clock.Waits.Reader.ReadAsync(Token));
        var late = shard.CommitAsync(Accept(50));
        Assert.False(late.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(CommitStatus.Committed, await late);
    }

    async Task<ISpoolShard> OpenAsync(Action<AzureSpoolOptions>? configure = null, TimeProvider? clock = null)
    {
        var options = new AzureSpoolOptions
        {
            ConnectionString = await emulator.ConnectionStringAsync(),
            TableName = name,
            ContainerName = name,
            ShardCount = 4,
            RetryDelay = TimeSpan.FromMilliseconds(1),
            ConfigureTables = settings => settings.Transport = new HttpClientTransport(faults),
        };
        configure?.Invoke(options);
        spool = new AzureSpool(options, SqliteFixture.Serializer, clock ?? TimeProvider.System);
        return await spool.OpenShardAsync(1, Token);
    }

    static string Inverted(int number) => (~Id(number).Value).ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    static MessageId Id(int number) => new(((UInt128)(uint)number << 16) | 1);

    static SpoolCommit Accept(int number) => Step(number, 0, Noon) with { Content = new byte[] { 1, 2, 3, 4 } };

    static SpoolCommit Step(int number, long version, DateTimeOffset? due) => new()
    {
        Id = Id(number),
        ExpectedVersion = version,
        State = [1],
        Due = due,
        At = Noon,
        Events = [new DeliveryEvent { MessageId = Id(number), Type = EventType.Attempting, At = Noon, Tenant = "acme" }],
    };

    /// <summary>Tells every wait that begins.</summary>
    sealed class WaitingClock : FakeTimeProvider
    {
        public Channel<TimeSpan> Waits { get; } = Channel.CreateUnbounded<TimeSpan>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Waits.Writer.TryWrite(dueTime);
            return timer;
        }
    }
}
