namespace Orleans.Mail.Storage.Tests;

/// <summary>What waits for a site, and what is set aside.</summary>
public abstract partial class SpoolContract
{
    const string Site = "mx.example.net";

    static readonly DateTimeOffset Never = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task ReadWaitingAsync_OrdersByRankThenArrival_NotById()
    {
        var ids = NewIds(4);
        // Keyed ids are hashed: here the greatest id comes first.
        foreach (var id in ids.Reverse()) await Shard.CommitAsync(Accept(id));
        await WaitAsync(ids[0], rank: 1);
        await WaitAsync(ids[1], rank: 1);
        await WaitAsync(ids[2], rank: 0);
        await WaitAsync(ids[3], rank: 1);
        var waiting = await Shard.ReadWaitingAsync(Site, null, 10, Token);
        Assert.Equal([ids[2], ids[3], ids[1], ids[0]], waiting.Select(item => item.Id));
        Assert.Equal([0, 1, 1, 1], waiting.Select(item => (int)item.Rank));
    }

    [Fact]
    public async Task ReadWaitingAsync_PagesFindAllOnce_ThoughTheirCursorLeaves()
    {
        var ids = NewIds(50);
        await Task.WhenAll(ids.Select((id, i) => Shard.CommitAsync(Accept(id) with { WaitsFor = Site, Rank = (byte)(i % 3) })));
        var found = new List<MessageId>();
        for (WaitingMessage? after = null; ;)
        {
            var page = await Shard.ReadWaitingAsync(Site, after, 7, Token);
            if (page.Count == 0) break;
            Assert.InRange(page.Count, 1, 7);
            found.AddRange(page.Select(item => item.Id));
            after = page[^1];
            // The last of each page ends before the next page is read.
            await Shard.CommitAsync(Step(page[^1].Id, 1, null));
        }

        var expected = Enumerable.Range(0, 3).SelectMany(rank => ids.Where((_, i) => i % 3 == rank));
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task ReadWaitingAsync_OtherSitesAndOtherShards_AreNotSeen()
    {
        var other = await Spool.OpenShardAsync(2, Token);
        var (here, elsewhere, plain) = (NewId(), NewId(), NewId());
        var away = new MessageId(NewId().Value + 1);
        await Shard.CommitAsync(Accept(here) with { WaitsFor = Site });
        await Shard.CommitAsync(Accept(elsewhere) with { WaitsFor = Site + ".example" });
        await Shard.CommitAsync(Accept(plain));
        await other.CommitAsync(Accept(away) with { WaitsFor = Site });
        Assert.Equal([here], await WaitingAsync());
        Assert.Equal([away], (await other.ReadWaitingAsync(Site, null, 10, Token)).Select(item => item.Id));
        Assert.Empty(await Shard.ReadWaitingAsync("mx", null, 10, Token));
    }

    [Fact]
    public async Task CommitAsync_EveryCommitReplacesTheWait()
    {
        var (cleared, moved, raised, ended) = (NewId(), NewId(), NewId(), NewId());
        foreach (var id in new[] { cleared, moved, raised, ended }) await Shard.CommitAsync(Accept(id) with { WaitsFor = Site, Rank = 1 });
        await Shard.CommitAsync(Step(cleared, 1, Noon));
        await Shard.CommitAsync(Step(moved, 1, Noon.AddHours(1)) with { WaitsFor = "other.example" });
        await Shard.CommitAsync(Step(raised, 1, Noon) with { WaitsFor = Site, Rank = 0 });
        await Shard.CommitAsync(Step(ended, 1, null) with { WaitsFor = Site });
        var waiting = Assert.Single(await Shard.ReadWaitingAsync(Site, null, 10, Token));
        Assert.Equal((raised, (byte)0), (waiting.Id, waiting.Rank));
        Assert.Equal(1, await Shard.CountWaitingAsync("other.example", 10, Token));
    }

    [Fact]
    public async Task CommitAsync_ConflictOrFencedWriter_LeavesTheWait()
    {
        var id = NewId();
        await Shard.CommitAsync(Accept(id) with { WaitsFor = Site });
        Assert.Equal(CommitStatus.Conflict, await Shard.CommitAsync(Step(id, 5, Noon)));
        var second = await Spool.OpenShardAsync(1, Token);
        await Assert.ThrowsAsync<SpoolFencedException>(() => Shard.CommitAsync(Step(id, 1, Noon)));
        await Assert.ThrowsAsync<SpoolFencedException>(() => Shard.SetAsideAsync(id, Never));
        Assert.Equal(id, Assert.Single(await second.ReadWaitingAsync(Site, null, 10, Token)).Id);
    }

    [Fact]
    public async Task Waits_SurviveReopening()
    {
        var (first, second) = (NewId(), NewId());
        await Shard.CommitAsync(Accept(first) with { WaitsFor = Site, Rank = 2 });
        await Shard.CommitAsync(Accept(second) with { WaitsFor = Site, Rank = 1 });
        var before = await Shard.ReadWaitingAsync(Site, null, 10, Token);
        await ReopenAsync();
        Assert.Equal(before, await Shard.ReadWaitingAsync(Site, null, 10, Token));
        Assert.Equal([first], (await Shard.ReadWaitingAsync(Site, before[0], 10, Token)).Select(item => item.Id));
    }

    [Fact]
    public async Task CountWaitingAsync_CountsUpToItsBound()
    {
        await Task.WhenAll(NewIds(12).Select(id => Shard.CommitAsync(Accept(id) with { WaitsFor = Site })));
        Assert.Equal(12, await Shard.CountWaitingAsync(Site, 100, Token));
        Assert.Equal(5, await Shard.CountWaitingAsync(Site, 5, Token));
        Assert.Equal(0, await Shard.CountWaitingAsync("other.example", 5, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(SpoolCommit.MaxSiteLength + 1)]
    public async Task CommitAsync_SiteEmptyOrTooLong_IsRefused(int length) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Shard.CommitAsync(Accept(NewId()) with { WaitsFor = new string('a', length) }));

    [Fact]
    public async Task SetAsideAsync_LeavesSweepsAndWaits_KeepsStateAndContent()
    {
        var (damaged, sound) = (NewId(), NewId());
        await Shard.CommitAsync(Accept(damaged, [7], held: true) with { State = [0xFF, 0xFE], WaitsFor = Site });
        await Shard.CommitAsync(Accept(sound, held: true) with { WaitsFor = Site });
        await ReopenAsync();
        Assert.True(await Shard.SetAsideAsync(damaged, Never));
        Assert.Equal([sound], (await Shard.ReadDueAsync(Noon.AddYears(1), null, 10, Token)).Select(item => item.Id));
        Assert.Equal([sound], await Shard.ReadAbandonedAsync(null, 10, Token));
        Assert.Equal([sound], await WaitingAsync());
        var record = await Shard.ReadAsync(damaged, Token);
        Assert.Equal((2L, Never), (record!.Version, record.Due!.Value));
        Assert.Equal([0xFF, 0xFE], record.State);
        Assert.Equal([7], (await Shard.ReadContentAsync(damaged, Token))!.Value.ToArray());
        Assert.Equal(2, (await Shard.CountAsync(Token)).Live);
        Assert.Equal(CommitStatus.Conflict, await Shard.CommitAsync(Step(damaged, 1, Noon)));
    }

    [Fact]
    public async Task SetAsideAsync_UnknownOrFinal_IsFalse()
    {
        var final = NewId();
        await Shard.CommitAsync(Accept(final));
        await Shard.CommitAsync(Step(final, 1, null));
        Assert.False(await Shard.SetAsideAsync(NewId(), Never));
        Assert.False(await Shard.SetAsideAsync(final, Never));
        Assert.Equal(2, (await Shard.ReadAsync(final, Token))!.Version);
    }

    MessageId[] NewIds(int count) => [.. Enumerable.Range(0, count).Select(_ => NewId())];

    Task<CommitStatus> WaitAsync(MessageId id, byte rank) => Shard.CommitAsync(Step(id, 1, Noon.AddHours(1)) with { WaitsFor = Site, Rank = rank });

    async Task<IEnumerable<MessageId>> WaitingAsync() => (await Shard.ReadWaitingAsync(Site, null, 10, Token)).Select(item => item.Id);
}
