using System.Diagnostics;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.Smtp;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>The wire: one transaction after another over a connection that is replaced when it is worn.</summary>
sealed partial class SiteSession
{
    const string TlsLost = "none, though it was had before";

    // Destinations that the connection at hand may serve.
    readonly HashSet<string> _suits = [];
    ISmtpSession? _connection;
    DialTries _tries = new();
    long _connectedAt;

    // Null when all was sent; else why no host is left to talk to.
    async Task<SiteFailure?> SendAllAsync()
    {
        SiteFailure? broken = null;
        var isOver = false;
        await foreach (var order in _begun.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var sent = isOver ? null : await SendAsync(order).ConfigureAwait(false);
            if (sent is { SiteFailure: null })
            {
                await _completing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
                _ = CompleteBehindAsync(order, sent);
                continue;
            }

            // Nothing of it was said: it goes back, and nobody dials in vain for those behind it.
            isOver = true;
            broken ??= sent?.SiteFailure;
            Stop();
            await ReturnAsync(order).ConfigureAwait(false);
        }

        return broken;
    }

    // Null when the connection is used up, and another is for the site to grant.
    async Task<Sent?> SendAsync(AttemptOrder order)
    {
        using var activity = StartActivity(order);
        using var deadline = new CancellationTokenSource(Remaining(order), services.Clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, abandon);
        var started = services.Clock.GetTimestamp();
        try
        {
            var isReused = _connection is { TransactionCount: > 0 } && await IsFitAsync(order, limit.Token).ConfigureAwait(false);
            if (_terms.IsOneConnection && !await IsFitAsync(order, limit.Token).ConfigureAwait(false)) return null;
            if (await ConnectAsync(order, limit.Token).ConfigureAwait(false) is { } failure) return Sent.Of(order, failure);
            while (true)
            {
                var connection = _connection!;
                var parts = await SplitTransaction.SendAsync(connection, Transaction(order), services.Transport, MostRecipients(order), limit.Token).ConfigureAwait(false);
                var sent = new Sent(connection.Host, connection.Tls ?? (connection.IsTlsLost ? TlsLost : null), TranscriptJudge.Judge(parts, order), null);
                if (sent.Verdicts.Any(verdict => verdict.Category == Categories.BlockedSource) && _tries.Last is { } target && services.Connector.IsOtherFamilyNext(target)) await LeaveAsync().ConfigureAwait(false);
                if (!IsUnheard(parts[0].Transcript)) return sent;
                // A kept connection that the other side gave up meanwhile says nothing about this message, nor about its host.
                if (isReused && _terms.IsOneConnection) return null;
                if (isReused) _tries = new DialTries();
                if (_tries.IsOver) return sent;
                if (await RedialAsync(order.Destination, limit.Token).ConfigureAwait(false) is { } noOther) return isReused ? Sent.Of(order, noOther) : sent;
                isReused = false;
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
            return Sent.Fault(order, OutcomeClassifier.Classify(SmtpPhase.EndOfData, SessionFailureKind.Internal, null));
        }
        finally
        {
            MailInstruments.AttemptDuration.Record(services.Clock.GetElapsedTime(started).TotalSeconds);
        }
    }

    async Task<SiteFailure?> ConnectAsync(AttemptOrder order, CancellationToken cancellationToken)
    {
        if (await IsFitAsync(order, cancellationToken).ConfigureAwait(false)) return null;
        _tries = new DialTries();
        return await RedialAsync(order.Destination, cancellationToken).ConfigureAwait(false);
    }

    async Task<SiteFailure?> RedialAsync(string destination, CancellationToken cancellationToken)
    {
        await LeaveAsync().ConfigureAwait(false);
        return await DialAsync(destination, cancellationToken).ConfigureAwait(false);
    }

    async Task LeaveAsync()
    {
        if (_connection is not null) await _connection.QuitAsync().ConfigureAwait(false);
        _connection = null;
    }

    async Task<SiteFailure?> DialAsync(string destination, CancellationToken cancellationToken)
    {
        _suits.Clear();
        (_connection, var failure) = await services.Connector.ConnectAsync(_path, destination, _tries, cancellationToken).ConfigureAwait(false);
        _connectedAt = services.Clock.GetTimestamp();
        _suits.Add(destination);
        return failure;
    }

    // The first connection of a session, under the same limits as an attempt.
    async Task<SiteFailure?> DialAsync(string destination)
    {
        using var deadline = new CancellationTokenSource(options.AttemptTimeout, services.Clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, abandon);
        try
        {
            return await DialAsync(destination, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            var kind = abandon.IsCancellationRequested ? SessionFailureKind.Abandoned : SessionFailureKind.Timeout;
            return new SiteFailure(OutcomeClassifier.Classify(SmtpPhase.Connect, kind, null), null, null);
        }
    }

    async ValueTask<bool> IsFitAsync(AttemptOrder order, CancellationToken cancellationToken)
    {
        if (_connection is not { IsUsable: true } connection) return false;
        if (connection.TransactionCount > 0
            && (connection.TransactionCount >= Math.Min(_terms.MessagesPerConnection, connection.Limits.MaxMessages ?? int.MaxValue)
                || services.Clock.GetElapsedTime(_connectedAt) >= _terms.ConnectionAge)) return false;
        if (_suits.Contains(order.Destination)) return true;
        // Another domain of the same site: its TLS policy may ask for more than this connection gives.
        if (!await services.Connector.SuitsAsync(connection, _path, order.Destination, cancellationToken).ConfigureAwait(false)) return false;
        _suits.Add(order.Destination);
        return true;
    }

    // The session ended before content, and nobody was refused: another host may take it (RFC 5321 §5.1).
    static bool IsUnheard(AttemptTranscript transcript) =>
        transcript.MailFromReply is null or { IsPositive: true } or { Code: 421 }
        && transcript.RecipientReplies.All(static reply => reply is null or { IsPositive: true } or { Code: 421 })
        && (transcript.MailFromReply is { Code: 421 } || transcript.DataReply is { Code: 421 } || transcript.RecipientReplies.Any(static reply => reply is { Code: 421 })
            || transcript.Failure is { Kind: SessionFailureKind.ConnectionLost or SessionFailureKind.Timeout, Phase: SmtpPhase.MailFrom or SmtpPhase.RcptTo or SmtpPhase.Data });

    int MostRecipients(AttemptOrder order) => order.RecipientsPerTransaction ?? _terms.RecipientsPerTransaction;

    SmtpTransaction Transaction(AttemptOrder order)
    {
        var telling = new Lazy<Task>(() => Message(order.Message).MarkEndOfDataAsync(order.Number));
        return new()
        {
            From = order.From,
            Recipients = [.. order.Recipients.Select(services.Router.EnvelopeRecipient)],
            Content = services.Router.ContentOnTheWire(order),
            NeedsEightBitMime = order.NeedsEightBitMime,
            NeedsSmtpUtf8 = order.NeedsSmtpUtf8,
            Dsn = order.Dsn,
            RequireTls = order.RequireTls,
            BeforeContent = () => BeginMark(order, telling),
            BeforeEndOfData = () => MarkAsync(order, telling),
        };
    }

    // A mark that is a commit is under way while the content is, of several parts with the first.
    static void BeginMark(AttemptOrder order, Lazy<Task> telling)
    {
        KillPoints.Pass("content.before-mark");
        if (order.IsPhaseTold) _ = telling.Value;
    }

    // From here until the reply is durable the outcome is in doubt; the mark tells a later process so.
    async Task MarkAsync(AttemptOrder order, Lazy<Task> telling)
    {
        KillPoints.Pass("content.before-end-of-data");
        if (order.IsPhaseTold) await telling.Value.ConfigureAwait(false);
        else services.Shards.MarkEndOfData(order.Message, order.Number);
        KillPoints.Pass("content.after-mark");
    }

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
