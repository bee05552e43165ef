using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Submitting;

namespace Orleans.Mail.Feeds;

/// <summary>Merges the feeds of the shards into one, each event with the position that continues after it.</summary>
sealed class FeedReader(IGrainFactory grains, ServiceShape shape, GrainCalls calls, MailClientOptions options, TimeProvider clock, Func<double> chance, ILogger log)
{
    // Pages that may wait for a slow subscriber; beyond them the shards are not read.
    const int MaxPages = 16;

    public async IAsyncEnumerable<DeliveryEvent> ReadAsync(EventFilter filter, EventPosition? from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shardCount = await PatientlyAsync(() => shape.GetShardCountAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        int[] shards = filter.MessageId is { } id ? [id.ShardOf(shardCount)] : [.. Enumerable.Range(0, shardCount)];
        var after = await StartAsync(from, shards, shardCount, cancellationToken).ConfigureAwait(false);
        var pages = Channel.CreateBounded<ShardPage>(new BoundedChannelOptions(MaxPages) { SingleReader = true });
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] pumps = [];
        try
        {
            pumps = [.. shards.Select(shard => new ShardFeed(grains, shard, filter, options, clock, chance, log).PumpAsync(after[shard], pages.Writer, closed.Token))];
            while (await pages.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (pages.Reader.TryRead(out var item))
                {
                    var (numbers, events) = (item.Page.Numbers, item.Page.Events);
                    for (var i = 0; i < events.Length; i++)
                    {
                        after[item.Shard] = numbers[i];
                        yield return events[i] with { Position = EventPosition.Of(after) };
                    }

                    after[item.Shard] = item.Page.ReadTo;
                }
            }
        }
        finally
        {
            await closed.CancelAsync().ConfigureAwait(false);
            // They end by themselves, and throw nothing: whoever leaves a subscription leaves nothing behind it.
            await Task.WhenAll(pumps).ConfigureAwait(false);
        }
    }

    /// <summary>Where the feeds of some shards end now; -1 for the others.</summary>
    public async Task<EventPosition> GetEndAsync(int[] shards, int shardCount, CancellationToken cancellationToken)
    {
        var after = new long[shardCount];
        Array.Fill(after, -1);
        await Parallel.ForEachAsync(shards, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = 16 }, async (shard, token) =>
            after[shard] = await PatientlyAsync(() => calls.InvokeAsync(() => grains.GetGrain<ISpoolGrain>(shard).GetFeedEndAsync(), null, token), token).ConfigureAwait(false)).ConfigureAwait(false);
        return EventPosition.Of(after);
    }

    async Task<long[]> StartAsync(EventPosition? from, int[] shards, int shardCount, CancellationToken cancellationToken)
    {
        var position = from ?? await GetEndAsync(shards, shardCount, cancellationToken).ConfigureAwait(false);
        if (!position.IsStart)
            return position.After().Length == shardCount
                ? position.After().ToArray()
                : throw new MailException(MailErrorCode.InvalidPosition, "The position was made by a service with another number of shards.");
        var after = new long[shardCount];
        Array.Fill(after, -1);
        return after;
    }

    // A subscription outlives every failure of the service, also those of its beginning.
    async Task<T> PatientlyAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (MailException exception) when (exception.IsTransient)
            {
                await Task.Delay(RetryDelay.Next(failures, options.MaxReconnectDelay, chance()), clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
