namespace Orleans.Mail.Storage.Tests;

/// <summary>What every spool must do. A backend's test class says how to open one.</summary>
public abstract partial class SpoolContract : IAsyncLifetime
{
    protected static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    int ids;

    protected ISpool Spool { get; private set; } = null!;

    protected ISpoolShard Shard { get; private set; } = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Spool = await OpenSpoolAsync();
        Shard = await Spool.OpenShardAsync(1, Token);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseSpoolAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens a spool of four shards; the same one each time within a test.</summary>
    protected abstract ValueTask<ISpool> OpenSpoolAsync();

    protected abstract ValueTask CloseSpoolAsync();

    /// <summary>Closes the spool as the end of its process would, and opens spool and shard again.</summary>
    protected async Task ReopenAsync()
    {
        await CloseSpoolAsync();
        await InitializeAsync();
    }

    /// <summary>A new id of shard 1, greater than the ones before.</summary>
    protected MessageId NewId()
    {
        var chance = new byte[10];
        chance[9] = 1;
        return MessageId.New(Noon.AddMilliseconds(Interlocked.Increment(ref ids)), chance);
    }

    protected static SpoolCommit Accept(MessageId id, byte[]? content = null, DateTimeOffset? due = null, bool held = false) => new()
    {
        Id = id,
        ExpectedVersion = 0,
        State = [1],
        Due = due ?? Noon,
        IsHeld = held,
        Content = content is null ? null : (ReadOnlyMemory<byte>?)content,
        Events = [Event(id, EventType.Accepted)],
        At = Noon,
    };

    protected static SpoolCommit Step(MessageId id, long version, DateTimeOffset? due, bool held = false, DateTimeOffset? at = null) => new()
    {
        Id = id,
        ExpectedVersion = version,
        State = [(byte)(version + 1)],
        Due = due,
        IsHeld = held,
        Events = [Event(id, EventType.Attempting)],
        At = at ?? Noon,
    };

    protected static DeliveryEvent Event(MessageId id, EventType type) => new() { MessageId = id, Type = type, At = Noon, Tenant = "acme" };

    [Fact]
    public async Task CommitAsync_NewMessage_ReadsBack()
    {
        var id = NewId();
        Assert.Equal(CommitStatus.Committed, await Shard.CommitAsync(Accept(id, [1, 2, 3])));
        var record = await Shard.ReadAsync(id, Token);
        Assert.NotNull(record);
        Assert.Equal(id, record.Id);
        Assert.Equal(1, record.Version);
        Assert.Equal([1], record.State);
        Assert.Equal(Noon, record.Due);
        Assert.Null(record.FinalAt);
        var content = await Shard.ReadContentAsync(id, Token);
        Assert.Equal([1, 2, 3], content!.Value.ToArray());
    }

    [Fact]
    public async Task ReadAsync_UnknownMessage_IsNull()
    {
        Assert.Null(await Shard.ReadAsync(NewId(), Token));
        Assert.Null(await Shard.ReadContentAsync(NewId(), Token));
    }

    [Fact]
    public async Task ReadContentAsync_MessageWithoutContent_IsNull()
    {
        var id = NewId();
        await Shard.CommitAsync(Accept(id));
        Assert.Null(await Shard.ReadContentAsync(id, Token));
    }

    [Fact]
    public async Task CommitAsync_EmptyAndLargeContent_ReadBack()
    {
        var empty = NewId();
        var large = NewId();
        var octets = new byte[3_000_001];
        new Random(7).NextBytes(octets);
        await Task.WhenAll(Shard.CommitAsync(Accept(empty, [])), Shard.CommitAsync(Accept(large, octets)));
        Assert.Equal(0, (await Shard.ReadContentAsync(empty, Token))!.Value.Length);
        Assert.True((await Shard.ReadContentAsync(large, Token))!.Value.Span.SequenceEqual(octets));
    }

    [Fact]
    public async Task CommitAsync_SameMessageTwice_SecondIsConflict()
    {
        var id = NewId();
        var first = Shard.CommitAsync(Accept(id, [1]));
        var second = Shard.CommitAsync(Accept(id, [2]) with { State = [99] });
        Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict], await Task.WhenAll(first, second));
        Assert.Equal([1], (await Shard.ReadAsync(id, Token))!.State);
        Assert.Equal([1], (await Shard.ReadContentAsync(id, Token))!.Value.ToArray());
        Assert.Equal(1, Shard.LastEvent);
    }

    [Fact]
    public async Task CommitAsync_WrongVersion_IsConflictWithoutEventsAndSparesNeighbours()
    {
        var (one, two, three) = (NewId(), NewId(), NewId());
        await Task.WhenAll(Shard.CommitAsync(Accept(one)), Shard.CommitAsync(Accept(two)));
        var statuses = await Task.WhenAll(
            Shard.CommitAsync(Step(one, 1, Noon)), Shard.CommitAsync(Step(two, 7, Noon)), Shard.CommitAsync(Step(three, 1, Noon)), Shard.CommitAsync(Step(two, 1, Noon)));
        Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict, CommitStatus.Conflict, CommitStatus.Committed], statuses);
        Assert.Equal(4, Shard.LastEvent);
        Assert.Equal(2, (await Shard.ReadAsync(two, Token))!.Version);
        Assert.Null(await Shard.ReadAsync(three, Token));
    }

    [Fact]
    public async Task CommitAsync_Final_DropsContentAndKeepsRecord()
    {
        var id = NewId();
        await Shard.CommitAsync(Accept(id, [1, 2, 3]));
        await Shard.CommitAsync(Step(id, 1, Noon.AddMinutes(1)));
        await Shard.CommitAsync(Step(id, 2, null, at: Noon.AddMinutes(2)));
        var record = await Shard.ReadAsync(id, Token);
        Assert.Equal((3L, null, Noon.AddMinutes(2)), (record!.Version, record.Due, record.FinalAt!.Value));
        Assert.Null(await Shard.ReadContentAsync(id, Token));
        Assert.Equal(0, (await Shard.CountAsync(Token)).Live);
    }

    [Fact]
    public async Task OpenShardAsync_SecondOpening_FencesTheFirst()
    {
        var id = NewId();
        await Shard.CommitAsync(Accept(id));
        var second = await Spool.OpenShardAsync(1, Token);
        Assert.True(second.Epoch > Shard.Epoch);
        await Assert.ThrowsAsync<SpoolFencedException>(() => Shard.CommitAsync(Step(id, 1, Noon)));
        await Assert.ThrowsAsync<SpoolFencedException>(() => Shard.PurgeAsync(Noon, 10, Token));
        await Assert.ThrowsAsync<SpoolFencedException>(() => Shard.VerifyAsync(Token));
        Assert.Equal(CommitStatus.Committed, await second.CommitAsync(Step(id, 1, Noon)));
        Assert.Equal(2, second.LastEvent);
    }

    [Fact]
    public async Task Epoch_GrowsOverReopening()
    {
        var before = Shard.Epoch;
        Assert.True(before >= 1);
        await ReopenAsync();
        Assert.True(Shard.Epoch > before);
    }

    [Fact]
    public async Task Reopening_KeepsRecordsContentsEventsAndCounts()
    {
        var (live, final) = (NewId(), NewId());
        await Shard.CommitAsync(Accept(live, [4, 5]));
        await Shard.CommitAsync(Accept(final, [6]));
        await Shard.CommitAsync(Step(final, 1, null));
        await ReopenAsync();
        Assert.Equal(1, (await Shard.ReadAsync(live, Token))!.Version);
        Assert.Equal([4, 5], (await Shard.ReadContentAsync(live, Token))!.Value.ToArray());
        Assert.Equal(3, Shard.LastEvent);
        Assert.Equal(1, Shard.FirstEvent);
        Assert.Equal(new ShardCounts(1, Noon), await Shard.CountAsync(Token));
        var events = await Shard.ReadEventsAsync(0, 10, Token);
        Assert.Equal([1, 2, 3], events.Select(item => item.Number));
        Assert.Equal([live, final, final], events.Select(item => item.Event.MessageId));
        await Shard.CommitAsync(Step(live, 1, Noon));
        Assert.Equal(4, Shard.LastEvent);
    }

    [Fact]
    public async Task ReadDueAsync_PagesInOrderOfDueTime()
    {
        var ids = Enumerable.Range(0, 10).Select(_ => NewId()).ToArray();
        // Two messages share each due time, and the latest were accepted first.
        await Task.WhenAll(ids.Select((id, i) => Shard.CommitAsync(Accept(id, due: Noon.AddMinutes(10 - i / 2)))));
        var found = new List<DueMessage>();
        for (DueMessage? after = null; ;)
        {
            var page = await Shard.ReadDueAsync(Noon.AddMinutes(9), after, 3, Token);
            if (page.Count == 0) break;
            Assert.InRange(page.Count, 1, 3);
            found.AddRange(page);
            after = page[^1];
        }

        Assert.Equal([ids[8], ids[9], ids[6], ids[7], ids[4], ids[5], ids[2], ids[3]], found.Select(item => item.Id));
        Assert.Equal(found.OrderBy(item => item.Due).Select(item => item.Due), found.Select(item => item.Due));
    }

    [Fact]
    public async Task ReadAbandonedAsync_FindsWhatAnEarlierEpochHeld()
    {
        var ids = Enumerable.Range(0, 7).Select(_ => NewId()).ToArray();
        foreach (var id in ids[..6]) await Shard.CommitAsync(Accept(id, held: true));
        await Shard.CommitAsync(Step(ids[1], 1, Noon, held: false));
        await Shard.CommitAsync(Step(ids[2], 1, null, held: true));
        Assert.Empty(await Shard.ReadAbandonedAsync(null, 10, Token));
        await ReopenAsync();
        await Shard.CommitAsync(Accept(ids[6], held: true));
        var first = await Shard.ReadAbandonedAsync(null, 2, Token);
        Assert.Equal([ids[0], ids[3]], first);
        // Between the pages one of them is taken up.
        await Shard.CommitAsync(Step(ids[4], 1, Noon, held: true));
        Assert.Equal([ids[5]], await Shard.ReadAbandonedAsync(first[^1], 2, Token));
        Assert.Empty(await Shard.ReadAbandonedAsync(ids[5], 2, Token));
        Assert.Equal([ids[0], ids[3], ids[5]], await Shard.ReadAbandonedAsync(null, 10, Token));
    }

    [Fact]
    public async Task ReadEventsAsync_NumbersAreGaplessAndResumable()
    {
        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => Shard.CommitAsync(Accept(NewId()))));
        Assert.Equal(300, Shard.LastEvent);
        foreach (var reopened in new[] { false, true })
        {
            if (reopened) await ReopenAsync();
            var numbers = new List<long>();
            for (var after = 0L; after < 300; after = numbers[^1])
            {
                var page = await Shard.ReadEventsAsync(after, 7, Token);
                Assert.NotEmpty(page);
                numbers.AddRange(page.Select(item => item.Number));
            }

            Assert.Equal(Enumerable.Range(1, 300).Select(i => (long)i), numbers);
            Assert.Empty(await Shard.ReadEventsAsync(300, 7, Token));
        }
    }

    [Fact]
    public async Task WaitForEventAsync_CompletesWithTheNextDurableEvent()
    {
        var waiting = Shard.WaitForEventAsync(0, Token);
        Assert.False(waiting.IsCompleted);
        await Shard.CommitAsync(Accept(NewId()));
        await waiting.WaitAsync(TimeSpan.FromSeconds(10), Token);
        await Shard.WaitForEventAsync(0, Token).WaitAsync(TimeSpan.FromSeconds(10), Token);
        using var cancel = new CancellationTokenSource();
        var more = Shard.WaitForEventAsync(1, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => more);
    }

    [Fact]
    public async Task ListAsync_NewestFirst_Pages()
    {
        var ids = Enumerable.Range(0, 5).Select(_ => NewId()).ToArray();
        await Task.WhenAll(ids.Select(id => Shard.CommitAsync(Accept(id))));
        await Shard.CommitAsync(Step(ids[3], 1, null));
        var first = await Shard.ListAsync(null, null, 3, Token);
        Assert.Equal([ids[4], ids[3], ids[2]], first.Select(record => record.Id));
        Assert.Equal([ids[1], ids[0]], (await Shard.ListAsync(first[^1].Id, null, 3, Token)).Select(record => record.Id));
    }

    [Fact]
    public async Task PurgeAsync_RemovesOldFinalMessagesAndEvents_InSteps()
    {
        var old = Enumerable.Range(0, 5).Select(_ => NewId()).ToArray();
        var (young, live) = (NewId(), NewId());
        foreach (var id in old)
        {
            await Shard.CommitAsync(Accept(id, [1]));
            await Shard.CommitAsync(Step(id, 1, null));
        }

        await Shard.CommitAsync(Accept(live, [1]) with { At = Noon.AddDays(1) });
        await Shard.CommitAsync(Accept(young, [1]) with { At = Noon.AddDays(1) });
        await Shard.CommitAsync(Step(young, 1, null, at: Noon.AddDays(1)));
        var steps = 0;
        for (int gone; (gone = await Shard.PurgeAsync(Noon.AddHours(1), 2, Token)) > 0; steps++) Assert.InRange(gone, 1, 2);
        Assert.True(steps >= 3);
        foreach (var id in old) Assert.Null(await Shard.ReadAsync(id, Token));
        Assert.NotNull(await Shard.ReadAsync(young, Token));
        Assert.NotNull(await Shard.ReadAsync(live, Token));
        Assert.Equal((11L, 13L), (Shard.FirstEvent, Shard.LastEvent));
        Assert.Equal([11, 12, 13], (await Shard.ReadEventsAsync(0, 100, Token)).Select(item => item.Number));
    }

    [Fact]
    public async Task PurgeAsync_EverythingGone_NumbersGoOnAfterReopening()
    {
        var id = NewId();
        await Shard.CommitAsync(Accept(id));
        await Shard.CommitAsync(Step(id, 1, null));
        while (await Shard.PurgeAsync(Noon.AddDays(1), 10, Token) > 0) { }
        Assert.Equal((3L, 2L), (Shard.FirstEvent, Shard.LastEvent));
        await ReopenAsync();
        Assert.Equal((3L, 2L), (Shard.FirstEvent, Shard.LastEvent));
        await Shard.CommitAsync(Accept(NewId()));
        Assert.Equal([3], (await Shard.ReadEventsAsync(0, 10, Token)).Select(item => item.Number));
    }

    [Fact]
    public async Task Shards_AreIndependent()
    {
        var other = await Spool.OpenShardAsync(2, Token);
        var id = new MessageId(NewId().Value + 1);
        Assert.Equal(2, id.ShardOf(Spool.ShardCount));
        await Task.WhenAll(Shard.CommitAsync(Accept(NewId())), other.CommitAsync(Accept(id)), Shard.CommitAsync(Accept(NewId())));
        Assert.Equal((2L, 1L), (Shard.LastEvent, other.LastEvent));
        Assert.Equal(2, (await Shard.CountAsync(Token)).Live);
        Assert.Single(await other.ListAsync(null, null, 10, Token));
    }

    [Fact]
    public async Task CountAsync_FollowsLiveMessages()
    {
        Assert.Equal(new ShardCounts(0, null), await Shard.CountAsync(Token));
        var (one, two) = (NewId(), NewId());
        await Shard.CommitAsync(Accept(one, due: Noon.AddMinutes(5)));
        await Shard.CommitAsync(Accept(two, due: Noon.AddMinutes(3)));
        Assert.Equal(new ShardCounts(2, Noon.AddMinutes(3)), await Shard.CountAsync(Token));
        await Shard.CommitAsync(Step(two, 1, null));
        Assert.Equal(new ShardCounts(1, Noon.AddMinutes(5)), await Shard.CountAsync(Token));
    }

    [Fact]
    public async Task ManyConcurrentSteps_AllCommitOnceInOrder()
    {
        var ids = Enumerable.Range(0, 100).Select(_ => NewId()).ToArray();
        await Parallel.ForEachAsync(ids, Token, async (id, _) =>
        {
            await Shard.CommitAsync(Accept(id, [1, 2]));
            for (var version = 1; version < 5; version++) Assert.Equal(CommitStatus.Committed, await Shard.CommitAsync(Step(id, version, version == 4 ? null : Noon.AddSeconds(version))));
        });
        Assert.Equal(500, Shard.LastEvent);
        var events = await Shard.ReadEventsAsync(0, 1000, Token);
        Assert.Equal(100, events.Count(item => item.Event.Type == EventType.Accepted));
        Assert.All(events.GroupBy(item => item.Event.MessageId), group => Assert.Equal(EventType.Accepted, group.First().Event.Type));
    }
}
