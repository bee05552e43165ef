namespace Orleans.Mail.Transport.Smtp;

/// <summary>A transcript while it grows.</summary>
sealed class TransactionRecord(int recipientCount)
{
    readonly SmtpReply?[] _recipientReplies = new SmtpReply?[recipientCount];

    public SmtpPhase Phase { get; set; } = SmtpPhase.MailFrom;

    public SmtpReply? MailFromReply { get; set; }

    public SmtpReply? DataReply { get; set; }

    public SmtpReply? EndOfDataReply { get; set; }

    public SessionFailure? Failure { get; private set; }

    public bool IsInDoubt { get; private set; }

    public bool IsSenderAccepted => MailFromReply is { IsPositive: true };

    public int AcceptedCount { get; private set; }

    /// <summary>The remote answered DATA with 354.</summary>
    public bool IsContentDue { get; set; }

    public void SetRecipientReply(int index, SmtpReply reply)
    {
        _recipientReplies[index] = reply;
        if (reply.IsPositive) AcceptedCount++;
    }

    public void Fail(SessionFailureKind kind, SmtpReply? reply, string detail)
    {
        if (IsAnswered) return;
        Failure = new SessionFailure(Phase, kind, reply, detail);
        IsInDoubt = Phase == SmtpPhase.EndOfData && AcceptedCount > 0;
    }

    public void Refuse(SessionFailure failure) => Failure = failure;

    public AttemptTranscript ToTranscript() => new()
    {
        MailFromReply = MailFromReply,
        RecipientReplies = _recipientReplies,
        DataReply = DataReply,
        EndOfDataReply = EndOfDataReply,
        Failure = Failure,
        IsInDoubt = IsInDoubt,
    };

    /// <summary>The replies already tell every recipient's fate: what breaks later is the session's matter (RFC 2920 §3.1 lets a remote close behind a refusal).</summary>
    bool IsAnswered =>
        EndOfDataReply is not null
        || DataReply is { IsTransient: true } or { IsPermanent: true }
        || MailFromReply is { IsTransient: true } or { IsPermanent: true }
        || (AcceptedCount == 0 && _recipientReplies.Length > 0 && Array.TrueForAll(_recipientReplies, static reply => reply is { IsTransient: true } or { IsPermanent: true }));
}
