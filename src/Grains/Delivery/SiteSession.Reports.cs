using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>The reports: what an attempt came to, told to its message and to the site.</summary>
sealed partial class SiteSession
{
    static readonly TimeSpan ReportRetry = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LongestReportRetry = TimeSpan.FromSeconds(5);

    async Task CompleteBehindAsync(AttemptOrder order, Sent sent)
    {
        try
        {
            await CompleteAsync(order, sent).ConfigureAwait(false);
        }
        finally
        {
            _completing.Release();
            // Without work the session must still tell: a probe's answer is what all the rest waits for.
            Signal();
        }
    }

    async Task CompleteAsync(AttemptOrder order, Sent sent)
    {
        try
        {
            KillPoints.Pass("sent.before-complete");
            await ReportAsync(order, new AttemptReport(order.Number, sent.Host, sent.Tls, sent.Verdicts, _path.Source, _terms.GreylistWait, IsReturned: false, _terms.PacedWait)).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The attempt stays open and in doubt; its message resolves it when the deadline has passed.
            LogCompleteFailed(order.Message, exception);
        }
        finally
        {
            // What concerns one destination alone teaches nothing of the site.
            if (sent.SiteFailure?.OnlyFor is null) _finished.Enqueue(new FinishedTicket(order.Message, sent.IsSiteTrouble ? TicketResult.Trouble : TicketResult.Talked, NewsOf(order, sent)));
        }
    }

    /// <summary>An attempt that was begun and never came to the wire is taken back: the message stands where it stood.</summary>
    async Task ReturnAsync(AttemptOrder order)
    {
        try
        {
            await ReportAsync(order, new AttemptReport(order.Number, null, null, [], _path.Source, null, IsReturned: true)).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogCompleteFailed(order.Message, exception);
        }
        finally
        {
            _finished.Enqueue(new FinishedTicket(order.Message, TicketResult.Void, null));
        }
    }

    // The remote's answer is not given up because the spool pauses, or the message moves to another silo: dropped, it would make a doubt, and a duplicate.
    async Task ReportAsync(AttemptOrder order, AttemptReport report)
    {
        for (var wait = ReportRetry; ; wait = wait * 2 < LongestReportRetry ? wait * 2 : LongestReportRetry)
        {
            try
            {
                await Message(order.Message).CompleteAttemptAsync(report).ConfigureAwait(false);
                return;
            }
            catch (Exception exception) when (PassingTrouble.Is(exception) && services.Clock.GetUtcNow() < order.Deadline && !abandon.IsCancellationRequested)
            {
                await Task.Delay(wait, services.Clock, abandon).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // The site learns from what was not simply delivered, and from the end of a greylisting.
    SiteNews? NewsOf(AttemptOrder order, Sent sent)
    {
        var greylistedFor = order.GreylistedAt is { } since ? services.Clock.GetUtcNow() - since : (TimeSpan?)null;
        foreach (var verdict in sent.Verdicts)
            if ((OutcomeKind)verdict.Kind is not OutcomeKind.Delivered)
                return new SiteNews(verdict.Category, verdict.Reply, verdict.RetryAfter, greylistedFor);
        return greylistedFor is null ? null : new SiteNews(Categories.Delivered, null, null, greylistedFor);
    }
}
