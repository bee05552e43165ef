using System.Collections.Immutable;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>One transaction of a message that took several, or its fate without one.</summary>
/// <param name="Recipients">Which recipients of the whole it tells about; each is in one part.</param>
/// <param name="Transcript">What happened; replies in the order of <paramref name="Recipients"/>.</param>
public sealed record TransactionPart(ImmutableArray<int> Recipients, AttemptTranscript Transcript);

/// <summary>
/// A message to more recipients than a remote takes at a time: transactions one after another on the same session, until each recipient has its answer.
/// Recipients refused as too many (RFC 5321 §4.5.3.1.10) go into a further one at once, as long as some are taken each time.
/// </summary>
public sealed class SplitTransaction
{
    readonly ISmtpSession _session;
    readonly SmtpTransaction _whole;
    readonly List<TransactionPart> _parts = [];
    readonly LinkedList<int> _waiting;
    readonly int _maxParts;
    int _maxRecipients;

    SplitTransaction(ISmtpSession session, SmtpTransaction whole, TransportOptions options, int maxRecipients)
    {
        _session = session;
        _whole = whole;
        _waiting = new LinkedList<int>(Enumerable.Range(0, whole.Recipients.Count));
        _maxParts = options.MaxTransactionsPerAttempt;
        _maxRecipients = Math.Min(Math.Min(options.MaxRecipientsPerTransaction, maxRecipients), session.Limits.MaxRecipients ?? int.MaxValue);
    }

    /// <summary>Sends a transaction in as many parts as it needs. Nothing past a break is in doubt.</summary>
    /// <param name="session">An open session.</param>
    /// <param name="transaction">The whole.</param>
    /// <param name="options">The service's limits.</param>
    /// <param name="maxRecipients">Recipients of one part, where that is less than the service's limit and the remote's.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public static async Task<IReadOnlyList<TransactionPart>> SendAsync(ISmtpSession session, SmtpTransaction transaction, TransportOptions options, int maxRecipients, CancellationToken cancellationToken)
    {
        // Most messages.
        if (transaction.Recipients.Count == 1) return [new TransactionPart([0], await session.SendAsync(transaction, cancellationToken).ConfigureAwait(false))];
        var split = new SplitTransaction(session, transaction, options, maxRecipients);
        await split.RunAsync(cancellationToken).ConfigureAwait(false);
        return split._parts;
    }

    async Task RunAsync(CancellationToken cancellationToken)
    {
        while (_waiting.Count > 0)
        {
            if (_parts.Count == _maxParts)
            {
                LeaveRest(Stopped("An attempt has no more transactions than this; the rest waits for the next."));
                return;
            }

            var recipients = TakeNext();
            var transcript = await _session.SendAsync(_whole with { Recipients = [.. recipients.Select(index => _whole.Recipients[index])] }, cancellationToken).ConfigureAwait(false);
            Note(recipients, transcript);
            if (_waiting.Count > 0 && FateOfRest(transcript) is { } fate)
            {
                LeaveRest(fate);
                return;
            }
        }
    }

    /// <summary>The next recipients, in order, but for those whose domain would be one too many.</summary>
    ImmutableArray<int> TakeNext()
    {
        var maxDomains = _session.Limits.MaxRecipientDomains ?? int.MaxValue;
        var domains = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var taken = ImmutableArray.CreateBuilder<int>();
        for (var node = _waiting.First; node is not null && taken.Count < _maxRecipients;)
        {
            var (index, next) = (node.Value, node.Next);
            var domain = DomainOf(_whole.Recipients[index]);
            if (domains.Contains(domain) || domains.Count < maxDomains)
            {
                domains.Add(domain);
                taken.Add(index);
                _waiting.Remove(node);
            }

            node = next;
        }

        return taken.ToImmutable();
    }

    void Note(ImmutableArray<int> recipients, AttemptTranscript transcript)
    {
        var replies = transcript.RecipientReplies;
        var accepted = replies.Count(static reply => reply is { IsPositive: true });
        var canGoOn = accepted > 0 && transcript.EndOfDataReply is { IsPositive: true } && _session.IsUsable && _parts.Count + 1 < _maxParts;
        var isTooMany = replies.Select(reply => canGoOn && IsTooMany(reply)).ToList();
        if (!isTooMany.Contains(true))
        {
            _parts.Add(new TransactionPart(recipients, transcript));
            return;
        }

        // What this remote takes at a time is known now.
        _maxRecipients = Math.Min(_maxRecipients, accepted);
        foreach (var (index, _) in recipients.Zip(isTooMany).Where(static pair => pair.Second)) _waiting.AddLast(index);
        _parts.Add(new TransactionPart(
            [.. recipients.Where((_, place) => !isTooMany[place])],
            transcript with { RecipientReplies = [.. replies.Where((_, place) => !isTooMany[place])] }));
    }

    /// <summary>Why no further transaction is of use; null when one is. Another sender reply is not to be had, and nothing passes a broken session.</summary>
    AttemptTranscript? FateOfRest(AttemptTranscript last)
    {
        if (last.Failure is { } failure) return Failed(failure with { Phase = SmtpPhase.MailFrom });
        if (last.MailFromReply is { IsPositive: false } refusal) return new AttemptTranscript { MailFromReply = refusal, RecipientReplies = [] };
        if (last.RecipientReplies.All(IsTooMany)) return Stopped("The remote takes no more recipients by now; the rest waits for the next attempt.");
        if (_session.IsUsable) return null;
        var goodbye = new[] { last.EndOfDataReply, last.DataReply }.FirstOrDefault(static reply => reply is { Code: 421 });
        if (goodbye is not null) return Failed(new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost, goodbye, "The remote closes the connection."));
        return Stopped("The connection takes no more transactions; the rest waits for the next attempt.");
    }

    void LeaveRest(AttemptTranscript fate)
    {
        var rest = _waiting.ToImmutableArray();
        _waiting.Clear();
        _parts.Add(new TransactionPart(rest, fate with { RecipientReplies = new SmtpReply?[rest.Length] }));
    }

    static AttemptTranscript Stopped(string detail) => Failed(new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.Abandoned, null, detail));

    static AttemptTranscript Failed(SessionFailure failure) => new() { Failure = failure, RecipientReplies = [] };

    /// <summary>x.5.3 (RFC 3463 §3.6), or 452 with no code that means something else, such as a full mailbox.</summary>
    static bool IsTooMany(SmtpReply? reply) =>
        reply is { Code: 452 or 552, Enhanced: { Subject: 5, Detail: 3 } } or { Code: 452, Enhanced: null };

    static string DomainOf(string recipient) => recipient[(recipient.LastIndexOf('@') + 1)..];
}
