using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>The feed, the listing, retention and expiry.</summary>
public sealed class FeedTests : IAsyncLifetime
{
    readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    MailCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await new MailCluster { Clock = _clock }.StartWithAsync(silo => silo.Services.PostConfigure<SpoolOptions>(options =>
    {
        options.SweepInterval = options.PurgeInterval = TimeSpan.FromMilliseconds(200);
        options.SweepGrace = TimeSpan.Zero;
    }));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_reader_that_continues_after_a_restart_misses_and_repeats_nothing()
    {
        var first = await DeliveredAsync("ann@example.com");
        var shard = first.Id.ShardOf(4);
        var before = await _cluster.FeedAsync(shard, -1);
        await _cluster.RestartAsync();
        SubmitRequest second;
        do second = await DeliveredAsync("bob@example.com");
        while (second.Id.ShardOf(4) != shard);
        var after = await _cluster.FeedAsync(shard, before[^1].Number);
        Assert.Equal([EventType.Accepted, EventType.Attempting, EventType.Delivered], after.Where(item => item.Event.MessageId == second.Id).Select(item => item.Event.Type));
        Assert.Equal(Enumerable.Range(1, before.Count + after.Count).Select(number => (long)number), before.Concat(after).Select(item => item.Number));
    }

    [Fact]
    public async Task A_position_that_the_feed_does_not_hold_is_refused()
    {
        var request = await DeliveredAsync("ann@example.com");
        var owner = _cluster.Grains.GetGrain<ISpoolGrain>(request.Id.ShardOf(4));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ReadAsync(owner, 1_000));
        _clock.Advance(TimeSpan.FromDays(8));
        await MailCluster.UntilAsync(async () => await _cluster.StatusAsync(request.Id) is null, "the final message was not purged");
        await MailCluster.UntilAsync(async () =>
        {
            try
            {
                await ReadAsync(owner, 0);
                return false;
            }
            catch (ArgumentOutOfRangeException)
            {
                return true;
            }
        }, "a purged position was not refused");
    }

    [Fact]
    public async Task Filters_choose_by_message_tenant_and_tag()
    {
        var one = await DeliveredAsync("ann@example.com", request => request with { Tenant = "one", Tags = ["red"] });
        var two = await DeliveredAsync("ann@example.com", request => request with { Tenant = "two", Tags = ["blue", "red"] });
        Assert.All(await _cluster.EventsAsync(new EventFilter { MessageId = one.Id }), item => Assert.Equal(one.Id, item.MessageId));
        Assert.Equal(3, (await _cluster.EventsAsync(new EventFilter { Tenant = "two" })).Count(item => item.MessageId == two.Id));
        Assert.Equal(3, (await _cluster.EventsAsync(new EventFilter { Tag = "blue" })).Count);
        Assert.Equal(6, (await _cluster.EventsAsync(new EventFilter { Tag = "red" })).Count);
        Assert.Empty(await _cluster.EventsAsync(new EventFilter { Tenant = "one", Tag = "blue" }));
    }

    [Fact]
    public async Task A_listing_in_pages_is_whole_newest_first_and_filtered()
    {
        var requests = new List<SubmitRequest>();
        for (var i = 0; i < 20; i++)
            requests.Add(MailCluster.Request($"R{i}@example.com") with { Tags = i % 2 == 0 ? ["even"] : [], SendAt = _clock.GetUtcNow().AddHours(1) });
        foreach (var request in requests) await _cluster.SubmitAsync(request);
        var listed = new List<MessageStatus>();
        for (var shard = 0; shard < 4; shard++)
        {
            var ofShard = await ListAsync(shard, new ListQuery(), 3);
            Assert.Equal(ofShard.Select(status => status.Id.ToString()).OrderDescending(StringComparer.Ordinal), ofShard.Select(status => status.Id.ToString()));
            listed.AddRange(ofShard);
        }

        Assert.Equal(requests.Select(request => request.Id).ToHashSet(), listed.Select(status => status.Id).ToHashSet());
        Assert.Equal(20, listed.Count);
        Assert.Equal(10, await CountAsync(new ListQuery { Tag = "even" }));
        Assert.Equal(1, await CountAsync(new ListQuery { Recipient = "r7@EXAMPLE.com" }));
        Assert.Equal(20, await CountAsync(new ListQuery { State = MailState.Scheduled }));
        Assert.Equal(0, await CountAsync(new ListQuery { Tenant = "another" }));
    }

    [Fact]
    public async Task Purging_leaves_live_messages()
    {
        var live = MailCluster.Request("ann@example.com") with { SendAt = _clock.GetUtcNow().AddDays(20), ExpiresAt = _clock.GetUtcNow().AddDays(21) };
        await _cluster.SubmitAsync(live);
        var final = await DeliveredAsync("bob@example.com");
        _clock.Advance(TimeSpan.FromDays(8));
        await MailCluster.UntilAsync(async () => await _cluster.StatusAsync(final.Id) is null, "the final message was not purged");
        Assert.Equal(MailState.Scheduled, (await _cluster.StatusAsync(live.Id))!.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_never_attempted_expires_once(bool isScheduled)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!isScheduled) await BlockSiteAsync(gate);
        var request = MailCluster.Request("late@example.com") with
        {
            SendAt = isScheduled ? _clock.GetUtcNow().AddMinutes(2) : null,
            ExpiresAt = _clock.GetUtcNow().AddMinutes(3),
        };
        await _cluster.SubmitAsync(request);
        _clock.Advance(TimeSpan.FromMinutes(3.1));
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        gate.TrySetResult();
        Assert.Equal(MailState.Expired, status.State);
        Assert.Equal(0, status.AttemptCount);
        Assert.Equal([EventType.Accepted, EventType.Expired], (await _cluster.EventsAsync(new EventFilter { MessageId = request.Id })).Select(item => item.Type));
    }

    // Enough mail before it that no session gets to the message.
    async Task BlockSiteAsync(TaskCompletionSource gate)
    {
        _cluster.Wire.Gate = gate.Task;
        for (var i = 0; i < 300; i++) await _cluster.SubmitAsync(MailCluster.Request($"before{i}@example.com", priority: Priority.High));
    }

    async Task<int> CountAsync(ListQuery query)
    {
        var count = 0;
        for (var shard = 0; shard < 4; shard++) count += (await ListAsync(shard, query, 3)).Count;
        return count;
    }

    async Task<List<MessageStatus>> ListAsync(int shard, ListQuery query, int pageSize)
    {
        var items = new List<MessageStatus>();
        string? continuation = null;
        do
        {
            var page = await _cluster.Grains.GetGrain<ISpoolGrain>(shard).ListAsync(query, continuation, pageSize);
            items.AddRange(page.Items);
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return items;
    }

    [Fact]
    public async Task An_owner_that_was_replaced_does_not_say_that_a_position_is_not_there()
    {
        var request = await DeliveredAsync("ann@example.com");
        var owner = _cluster.Grains.GetGrain<ISpoolGrain>(request.Id.ShardOf(4));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ReadAsync(owner, 1_000));
        _cluster.Faults.IsReplaced = true;
        await Assert.ThrowsAsync<Storage.SpoolFencedException>(() => ReadAsync(owner, 1_000));
    }

    async Task<SubmitRequest> DeliveredAsync(string recipient, Func<SubmitRequest, SubmitRequest>? change = null)
    {
        var request = change?.Invoke(MailCluster.Request(recipient)) ?? MailCluster.Request(recipient);
        await _cluster.SubmitAsync(request);
        await _cluster.StatusAsync(request.Id, status => status.State == MailState.Delivered);
        return request;
    }

    static async Task ReadAsync(ISpoolGrain owner, long after)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await foreach (var _ in owner.ReadFeedAsync(after, new EventFilter(), limit.Token).WithCancellation(limit.Token)) return;
    }
}
