using System.Runtime.CompilerServices;

namespace Orleans.Mail;

/// <summary>Follows one message by its events.</summary>
static class SubmissionWatch
{
    // Asked again after this long without an event, for clients that cannot name the end of the feed beforehand.
    static readonly TimeSpan FirstBackstop = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LastBackstop = TimeSpan.FromSeconds(60);

    public static async Task<MessageStatus> WaitAsync(IMailClient client, Submission submission, TimeSpan limit, CancellationToken cancellationToken)
    {
        var source = client as IFeedEndSource;
        var clock = source?.Clock ?? TimeProvider.System;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var limited = new CancellationTokenSource(limit < TimeSpan.Zero ? TimeSpan.Zero : limit, clock);
        using var registration = limited.Token.Register(static state => ((CancellationTokenSource)state!).Cancel(), ended);
        try
        {
            // The end of the feed first, the status second: what happens between the two is then read from the feed.
            EventPosition? from = source is null ? null : await source.GetFeedEndAsync(submission.Id, ended.Token).ConfigureAwait(false);
            var status = await submission.GetStatusAsync(ended.Token).ConfigureAwait(false);
            return status.IsFinal ? status : await FollowAsync(client, submission, from, clock, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return await submission.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public static async IAsyncEnumerable<DeliveryEvent> EventsAsync(IMailClient client, Submission submission, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var item in client.SubscribeToMessageAsync(submission.Id, EventPosition.Start, cancellationToken).ConfigureAwait(false))
        {
            yield return item;
            if (!MayEnd(item)) continue;
            if (item.Recipient is not null) told.Add(item.Recipient);
            var status = await client.GetStatusAsync(submission.Id, cancellationToken).ConfigureAwait(false);
            if (status is null || (status.IsFinal && (item.Recipient is null || status.Recipients.All(recipient => told.Contains(recipient.Address))))) yield break;
        }
    }

    static async Task<MessageStatus> FollowAsync(IMailClient client, Submission submission, EventPosition? from, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = client.SubscribeToMessageAsync(submission.Id, from, closed.Token).GetAsyncEnumerator(closed.Token);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            for (var backstop = FirstBackstop; ; backstop = backstop * 2 < LastBackstop ? backstop * 2 : LastBackstop)
            {
                if (await ComesWithinAsync(next, backstop, clock, cancellationToken).ConfigureAwait(false))
                {
                    if (!await next.ConfigureAwait(false)) return await submission.GetStatusAsync(cancellationToken).ConfigureAwait(false);
                    var mayEnd = MayEnd(events.Current);
                    next = events.MoveNextAsync().AsTask();
                    if (!mayEnd) continue;
                }

                var status = await submission.GetStatusAsync(cancellationToken).ConfigureAwait(false);
                if (status.IsFinal) return status;
            }
        }
        finally
        {
            await closed.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await events.DisposeAsync().ConfigureAwait(false);
        }
    }

    static async Task<bool> ComesWithinAsync(Task next, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
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

    static bool MayEnd(DeliveryEvent item) =>
        item.Type != EventType.Accepted && item.Type != EventType.Attempting && item.Type != EventType.Deferred;
}

/// <summary>A client that can say where the feed of a message ends now.</summary>
interface IFeedEndSource
{
    TimeProvider Clock { get; }

    Task<EventPosition> GetFeedEndAsync(MessageId id, CancellationToken cancellationToken);
}
