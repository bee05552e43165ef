using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Storage;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>
/// One lease of a site, used for one message after another. Three steps overlap, so that no commit delays the wire:
/// attempts are begun ahead of the one being sent, and completed behind it.
/// </summary>
sealed partial class SiteSession(string site, SessionServices services, DeliveryOptions options, SiteSessions siblings, CancellationToken abandon) : IDisposable
{
    readonly Guid _id = Guid.CreateVersion7(services.Clock.GetUtcNow());
    readonly Channel<AttemptOrder> _begun = Channel.CreateBounded<AttemptOrder>(options.SessionPrefetch);
    readonly Channel<bool> _signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly ConcurrentQueue<FinishedTicket> _finished = new();
    readonly SemaphoreSlim _completing = new(options.SessionPrefetch * 4);
    readonly IDomainGrain _domain = services.Grains.GetGrain<IDomainGrain>(site);
    ISmtpSession? _connection;
    volatile bool _isEnding;

    public void Signal() => _signals.Writer.TryWrite(true);

    /// <summary>No further tickets; what was begun is sent.</summary>
    public void Stop()
    {
        _isEnding = true;
        Signal();
    }

    public void Dispose() => _completing.Dispose();

    public async Task RunAsync()
    {
        var sending = SendAllAsync();
        try
        {
            while (!_isEnding && await NextTicketsAsync().ConfigureAwait(false) is { } tickets)
                await BeginAsync(tickets).ConfigureAwait(false);
        }
        finally
        {
            _begun.Writer.Complete();
            await HoldingLeaseAsync(sending).ConfigureAwait(false);
            for (var i = 0; i < options.SessionPrefetch * 4; i++) await HoldingLeaseAsync(_completing.WaitAsync(CancellationToken.None)).ConfigureAwait(false);
            await _domain.ReleaseAsync(Report(0)).ConfigureAwait(false);
            if (_connection is not null) await _connection.QuitAsync().ConfigureAwait(false);
        }
    }

    async Task<Ticket[]?> NextTicketsAsync()
    {
        while (!_isEnding)
        {
            var orders = await _domain.NextAsync(Report(options.SessionPrefetch)).ConfigureAwait(false);
            if (orders.Close) return null;
            if (orders.Tickets.Length > 0) return orders.Tickets;
            if (!await WaitForWorkAsync().ConfigureAwait(false)) return null;
        }

        return null;
    }

    SessionReport Report(int want)
    {
        var finished = new List<FinishedTicket>();
        while (_finished.TryDequeue(out var ticket)) finished.Add(ticket);
        return new SessionReport(_id, [.. finished], want);
    }

    // A connection is kept for a while without work: the next message to the site then needs no greeting.
    async Task<bool> WaitForWorkAsync()
    {
        lock (siblings) siblings.Idle.Add(this);
        try
        {
            await _signals.Reader.WaitToReadAsync(CancellationToken.None).AsTask().WaitAsync(options.ConnectionIdle, services.Clock, abandon).ConfigureAwait(false);
            _signals.Reader.TryRead(out _);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // With attempts still on the wire the lease must be kept alive.
            return _begun.Reader.Count > 0 || _completing.CurrentCount < options.SessionPrefetch * 4;
        }
        finally
        {
            lock (siblings) siblings.Idle.Remove(this);
        }
    }

    async Task BeginAsync(Ticket[] tickets)
    {
        var orders = tickets.Select(BeginAsync).ToList();
        foreach (var order in orders)
            if (await order.ConfigureAwait(false) is { } begun)
                await HoldingLeaseAsync(_begun.Writer.WriteAsync(begun, CancellationToken.None).AsTask()).ConfigureAwait(false);
    }

    // A dialogue may outlast a lease by far; a session that does not call home would be replaced while it still talks.
    async Task HoldingLeaseAsync(Task work)
    {
        while (true)
        {
            try
            {
                await work.WaitAsync(services.Sites.LeaseTime / 3, services.Clock, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (TimeoutException) when (!work.IsCompleted)
            {
                var orders = await _domain.NextAsync(Report(0)).ConfigureAwait(false);
                _isEnding |= orders.Close;
            }
        }
    }

    async Task<AttemptOrder?> BeginAsync(Ticket ticket)
    {
        try
        {
            if (await Message(ticket.Message).BeginAttemptAsync(site).ConfigureAwait(false) is { } order) return order;
        }
        catch (Exception exception)
        {
            LogBeginFailed(ticket.Message, exception);
            Stop();
            _ = QueueAgainAsync(ticket);
        }

        Finish(ticket.Message, TicketResult.Void);
        return null;
    }

    // The ticket was not used: while the spool pauses it comes back after a moment, not when the sweep finds its message.
    async Task QueueAgainAsync(Ticket ticket)
    {
        try
        {
            await Task.Delay(ReportRetry, services.Clock, abandon).ConfigureAwait(false);
            await _domain.EnqueueAsync([ticket]).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogBeginFailed(ticket.Message, exception);
        }
    }

    async Task SendAllAsync()
    {
        SiteFailure? broken = null;
        await foreach (var order in _begun.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var sent = broken is null ? await SendAsync(order).ConfigureAwait(false) : Sent.Of(order, broken);
            if (sent.SiteFailure is not null)
            {
                // Those begun already share the fate of the first; nobody dials in vain for each of them.
                broken = sent.SiteFailure;
                Stop();
            }

            await _completing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            _ = CompleteAsync(order, sent);
        }
    }

    async Task<Sent> SendAsync(AttemptOrder order)
    {
        using var activity = StartActivity(order);
        using var deadline = new CancellationTokenSource(Remaining(order), services.Clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, abandon);
        var started = services.Clock.GetTimestamp();
        try
        {
            for (var isRetry = false; ; isRetry = true)
            {
                var isReused = _connection is { IsUsable: true, TransactionCount: > 0 } && _connection.TransactionCount < options.MessagesPerConnection;
                if (await ConnectAsync(isReused, limit.Token).ConfigureAwait(false) is { } failure) return Sent.Of(order, failure);
                var transcript = await _connection!.SendAsync(Transaction(order), limit.Token).ConfigureAwait(false);
                // A kept connection that the other side gave up meanwhile says nothing about this message.
                if (isReused && !isRetry && IsStale(transcript)) continue;
                return new Sent(_connection.Host, _connection.Tls, TranscriptJudge.Judge(transcript, order.Recipients.Length), null);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            var kind = abandon.IsCancellationRequested ? SessionFailureKind.Abandoned : SessionFailureKind.Timeout;
            return Sent.Of(order, new SiteFailure(OutcomeClassifier.Classify(SmtpPhase.Connect, kind, null), null, null));
        }
        catch (Exception exception)
        {
            // Nobody knows how far it had come, so it may have been sent.
            LogSendFailed(services.Log, order.Message, exception);
            return Sent.Of(order, new SiteFailure(OutcomeClassifier.Classify(SmtpPhase.EndOfData, SessionFailureKind.Internal, null), null, null));
        }
        finally
        {
            MailInstruments.AttemptDuration.Record(services.Clock.GetElapsedTime(started).TotalSeconds);
        }
    }

    async Task<SiteFailure?> ConnectAsync(bool isReused, CancellationToken cancellationToken)
    {
        if (isReused && _connection is { IsUsable: true }) return null;
        if (_connection is { IsUsable: true, TransactionCount: 0 }) return null;
        if (_connection is not null) await _connection.QuitAsync().ConfigureAwait(false);
        _connection = null;
        var (connection, failure) = await services.Connector.ConnectAsync(site, cancellationToken).ConfigureAwait(false);
        _connection = connection;
        return failure;
    }

    static bool IsStale(AttemptTranscript transcript) =>
        transcript.Failure is { Kind: SessionFailureKind.ConnectionLost, Phase: SmtpPhase.MailFrom } || transcript.MailFromReply is { Code: 421 };

    SmtpTransaction Transaction(AttemptOrder order) => new()
    {
        From = order.From,
        Recipients = [.. order.Recipients.Select(services.Router.EnvelopeRecipient)],
        Content = services.Router.ContentOnTheWire(order),
        NeedsEightBitMime = order.NeedsEightBitMime,
        NeedsSmtpUtf8 = order.NeedsSmtpUtf8,
        BeforeEndOfData = () => Mark(order),
    };

    // From here until the reply is durable the outcome is in doubt; the mark tells a later process so.
    void Mark(AttemptOrder order)
    {
        KillPoints.Pass("content.before-end-of-data");
        services.Shards.Opened(order.Message).MarkEndOfData(order.Message, order.Number);
        KillPoints.Pass("content.after-mark");
    }

    async Task CompleteAsync(AttemptOrder order, Sent sent)
    {
        try
        {
            KillPoints.Pass("sent.before-complete");
            await ReportAsync(order, new AttemptReport(order.Number, sent.Host, sent.Tls, sent.Verdicts)).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The attempt stays open and in doubt; its message resolves it when the deadline has passed.
            LogCompleteFailed(order.Message, exception);
        }
        finally
        {
            Finish(order.Message, sent.IsSiteTrouble ? TicketResult.Trouble : TicketResult.Talked);
            _completing.Release();
            if (siblings.Idle.Count > 0) Signal();
        }
    }

    // The remote's answer is not given up because the spool pauses: dropped, it would make a doubt, and a duplicate.
    async Task ReportAsync(AttemptOrder order, AttemptReport report)
    {
        while (true)
        {
            try
            {
                await Message(order.Message).CompleteAttemptAsync(report).ConfigureAwait(false);
                return;
            }
            catch (SpoolUnavailableException) when (services.Clock.GetUtcNow() < order.Deadline && !abandon.IsCancellationRequested)
            {
                await Task.Delay(ReportRetry, services.Clock, abandon).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    static readonly TimeSpan ReportRetry = TimeSpan.FromSeconds(1);

    void Finish(MessageId message, TicketResult result) => _finished.Enqueue(new FinishedTicket(message, result));

    IMessageDeliveryGrain Message(MessageId id) => services.Grains.GetGrain<IMessageDeliveryGrain>(id.ToString());

    TimeSpan Remaining(AttemptOrder order)
    {
        var left = order.Deadline - services.Clock.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
    }

    // Linked, not nested: the attempt may come days after the submission.
    static Activity? StartActivity(AttemptOrder order)
    {
        if (!MailInstruments.Activities.HasListeners()) return null;
        var links = ActivityContext.TryParse(order.TraceParent, null, out var submission) ? new[] { new ActivityLink(submission) } : null;
        var activity = MailInstruments.Activities.StartActivity("deliver", ActivityKind.Client, default(ActivityContext), links: links);
        activity?.SetTag("orleans.mail.message.id", order.Message.ToString());
        activity?.SetTag("orleans.mail.attempt", order.Number);
        return activity;
    }
}
