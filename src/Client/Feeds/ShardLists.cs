using System.Runtime.CompilerServices;
using Orleans.Mail.Submitting;

namespace Orleans.Mail.Feeds;

/// <summary>Merges the listings of the shards, each in descending order of ids, into one in that order.</summary>
sealed class ShardLists(IGrainFactory grains, ServiceShape shape, GrainCalls calls, MailClientOptions options)
{
    public async IAsyncEnumerable<MessageStatus> ReadAsync(ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shardCount = await shape.GetShardCountAsync(cancellationToken).ConfigureAwait(false);
        var opened = await Task.WhenAll(Enumerable.Range(0, shardCount).Select(shard => OpenAsync(shard, query, cancellationToken))).ConfigureAwait(false);
        try
        {
            var heads = new PriorityQueue<IAsyncEnumerator<MessageStatus>, UInt128>();
            foreach (var list in opened)
                if (list.HasItem)
                    heads.Enqueue(list.Items, Rank(list.Items));
            while (heads.TryDequeue(out var items, out _))
            {
                yield return items.Current;
                if (await items.MoveNextAsync().ConfigureAwait(false)) heads.Enqueue(items, Rank(items));
            }
        }
        finally
        {
            foreach (var list in opened) await list.Items.DisposeAsync().ConfigureAwait(false);
        }
    }

    // The queue serves the least first.
    static UInt128 Rank(IAsyncEnumerator<MessageStatus> items) => UInt128.MaxValue - items.Current.Id.Value;

    async Task<(IAsyncEnumerator<MessageStatus> Items, bool HasItem)> OpenAsync(int shard, ListQuery query, CancellationToken cancellationToken)
    {
        var items = ReadShardAsync(shard, query, cancellationToken).GetAsyncEnumerator(cancellationToken);
        return (items, await items.MoveNextAsync().ConfigureAwait(false));
    }

    async IAsyncEnumerable<MessageStatus> ReadShardAsync(int shard, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var spool = grains.GetGrain<ISpoolGrain>(shard);
        string? continuation = null;
        do
        {
            var at = continuation;
            var page = await calls.InvokeAsync(() => spool.ListAsync(query, at, options.ListPageSize), null, cancellationToken).ConfigureAwait(false);
            foreach (var item in page.Items) yield return item;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }
}
