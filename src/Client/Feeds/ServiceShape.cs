using Orleans.Mail.Submitting;

namespace Orleans.Mail.Feeds;

/// <summary>What does not change while the service lives: asked once.</summary>
sealed class ServiceShape(IGrainFactory grains, GrainCalls calls)
{
    volatile ServiceDescription? _description;

    public async Task<int> GetShardCountAsync(CancellationToken cancellationToken)
    {
        _description ??= await calls.InvokeAsync(() => grains.GetGrain<IMailServiceGrain>(0).DescribeAsync(), null, cancellationToken).ConfigureAwait(false);
        return _description.ShardCount;
    }
}
