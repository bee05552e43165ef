using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Submitting;

namespace Orleans.Mail.Feeds;

/// <summary>A page of one shard's feed.</summary>
readonly record struct ShardPage(int Shard, FeedPage Page);

/// <summary>Reads the feed of one shard for as long as it is wanted, opening it again from where it stood whenever it breaks off.</summary>
sealed partial class ShardFeed(IGrainFactory grains, int shard, EventFilter filter, MailClientOptions options, TimeProvider clock, Func<double> chance, ILogger log)
{
    // Pages fetched in one call: the silo sends those that are ready and does not wait for more.
    const int PagesPerCall = 4;

    // For events that became durable just before the question.
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    public async Task PumpAsync(long after, ChannelWriter<ShardPage> pages, CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var page in OpenAsync(after, cancellationToken).ConfigureAwait(false))
                {
                    await pages.WriteAsync(new ShardPage(shard, page), cancellationToken).ConfigureAwait(false);
                    after = page.ReadTo;
                    failures = 0;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (Verdict(exception) is { } verdict)
            {
                pages.TryComplete(verdict);
                return;
            }
            catch (Exception exception)
            {
                if (failures == 0) LogInterrupted(shard, after, exception.GetType().Name);
                else LogStillInterrupted(shard, failures, exception);
            }

            if (!await PauseAsync(++failures, cancellationToken).ConfigureAwait(false)) return;
        }
    }

    async IAsyncEnumerable<FeedPage> OpenAsync(long after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var spool = grains.GetGrain<ISpoolGrain>(shard);
        var feed = spool.ReadFeedAsync(after, filter, cancellationToken).WithBatchSize(PagesPerCall).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (true)
            {
                var next = feed.MoveNextAsync().AsTask();
                while (!await ComesWithinAsync(next, options.FeedProbeInterval, cancellationToken).ConfigureAwait(false))
                    if (await IsBehindAsync(spool, after, cancellationToken).ConfigureAwait(false) && !await ComesWithinAsync(next, Grace, cancellationToken).ConfigureAwait(false))
                        throw new TimeoutException("The feed stood still.");
                if (!await next.ConfigureAwait(false)) yield break;
                after = feed.Current.ReadTo;
                yield return feed.Current;
            }
        }
        finally
        {
            // Tells a silo that may be gone: nobody waits for it.
            _ = CloseAsync(feed);
        }
    }

    // A read that waits on a dead silo, or on a gateway that died, learns of it only after Orleans' response time-out.
    async Task<bool> IsBehindAsync(ISpoolGrain spool, long after, CancellationToken cancellationToken)
    {
        try
        {
            return await spool.GetFeedEndAsync().WaitAsync(options.FeedProbeInterval, clock, cancellationToken).ConfigureAwait(false) > Math.Max(after, 0);
        }
        catch (Exception exception) when (CallFailure.Of(exception).IsTransient)
        {
            return false;
        }
    }

    async Task<bool> ComesWithinAsync(Task next, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await next.WaitAsync(limit, clock, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException) when (!next.IsCompleted)
        {
            return false;
        }
    }

    async Task CloseAsync(IAsyncEnumerator<FeedPage> feed)
    {
        try
        {
            await feed.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogCloseFailed(shard, exception);
        }
    }

    async Task<bool> PauseAsync(int failures, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(RetryDelay.Next(failures, options.MaxReconnectDelay, chance()), clock, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // The exceptions that opening again cannot mend.
    static MailException? Verdict(Exception exception) => exception switch
    {
        ArgumentOutOfRangeException => new MailException(MailErrorCode.InvalidPosition, "The service does not keep the events after that position.", exception),
        ObjectDisposedException => new MailException(MailErrorCode.Unreachable, "The connection to the mail service was closed.", exception),
        _ => null,
    };

    [LoggerMessage(1101, LogLevel.Information, "Feed of shard {Shard} was interrupted after event {Number} ({Reason}); opening it again.")]
    partial void LogInterrupted(int shard, long number, string reason);

    [LoggerMessage(1102, LogLevel.Warning, "Feed of shard {Shard} could not be opened {Count} times in a row; trying on.")]
    partial void LogStillInterrupted(int shard, int count, Exception exception);

    [LoggerMessage(1103, LogLevel.Debug, "Feed of shard {Shard} could not be closed.")]
    partial void LogCloseFailed(int shard, Exception exception);
}
