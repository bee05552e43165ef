using Orleans.Mail.Transport;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>A dialogue that only takes place in rules.</summary>
sealed class SimulatedSession(string host, IReceiverBehavior rules, ReceiverContext context, TimeProvider clock) : ISmtpSession
{
    public string Host { get; } = host;

    public string? Tls => null;

    public bool IsUsable { get; private set; } = true;

    public int TransactionCount { get; private set; }

    public async Task<AttemptTranscript> SendAsync(SmtpTransaction transaction, CancellationToken cancellationToken)
    {
        TransactionCount++;
        var replies = new SmtpReply?[transaction.Recipients.Count];
        var mail = await AskAsync(rules.OnMailFrom(context, transaction.From), SmtpPhase.MailFrom, cancellationToken);
        var transcript = new AttemptTranscript { RecipientReplies = replies, MailFromReply = mail.Reply, Failure = mail.Failure };
        if (mail is not { Reply.IsPositive: true }) return transcript;
        for (var i = 0; i < replies.Length && IsUsable; i++)
        {
            var answer = await AskAsync(rules.OnRecipient(context, transaction.Recipients[i]), SmtpPhase.RcptTo, cancellationToken);
            replies[i] = answer.Reply;
            if (answer.Failure is not null) return transcript with { Failure = answer.Failure };
        }

        var accepted = transaction.Recipients.Where((_, i) => replies[i] is { IsPositive: true });
        var received = new ReceivedMail(transaction.From, [.. accepted], transaction.Content, clock.GetUtcNow());
        if (received.Recipients.IsEmpty || !IsUsable) return transcript;
        transaction.BeforeContent?.Invoke();
        if (transaction.BeforeEndOfData is { } ready) await ready();
        var end = await AskAsync(rules.OnEndOfData(context, received), SmtpPhase.EndOfData, cancellationToken);
        return transcript with { EndOfDataReply = end.Reply, Failure = end.Failure, IsInDoubt = end.Reply is null };
    }

    public Task QuitAsync()
    {
        IsUsable = false;
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => new(QuitAsync());

    async Task<SimulatedReply> AskAsync(ReceiverReply answer, SmtpPhase phase, CancellationToken cancellationToken)
    {
        var read = await SimulatedReply.ReadAsync(answer, phase, clock, cancellationToken);
        if (read.EndsSession) IsUsable = false;
        return read;
    }
}
