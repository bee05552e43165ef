namespace Orleans.Mail.Policy.Outcomes;

/// <summary>
/// Turns what a remote said, or how a session broke, into an outcome. Total: every input has one.
/// The enhanced code speaks first where it is definite, then the words of the reply, then the code and the phase.
/// Failed needs a 5yz to a mail command, or one of the facts named here; whatever is not understood is Deferred.
/// </summary>
/// <remarks>
/// A 5yz about our source address (block lists, reputation, reverse DNS) is Deferred with scope Source: the recipient exists and the message
/// is welcome from elsewhere, or once the address is delisted. A 5yz whose words say "try again" is Deferred too: it is not unmistakable.
/// A 5yz with a 4.x.x enhanced code is taken by its basic code, and its rule id ends in <c>+mismatch</c>.
/// </remarks>
public static class OutcomeClassifier
{
    /// <summary>Appended to the rule where basic and enhanced code are of different classes.</summary>
    public const string Mismatch = "+mismatch";

    /// <summary>What a reply means for the recipients it concerns: for the one of a RCPT, for all of them elsewhere.</summary>
    public static Outcome Classify(SmtpPhase phase, SmtpReply reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        var outcome = ClassifyReply(phase, reply);
        return outcome.Kind == OutcomeKind.Deferred ? outcome with { RetryAfter = RetryHint.Find(reply.Text) } : outcome;
    }

    static Outcome ClassifyReply(SmtpPhase phase, SmtpReply reply)
    {
        if (reply.IsPositive && phase == SmtpPhase.EndOfData) return new(OutcomeKind.Delivered, FailureScope.Recipient, Categories.Delivered, "code.2yz");
        // A reply after the last message of the session is about none of them.
        if (phase >= SmtpPhase.Quit) return Defer(FailureScope.Host, Categories.Unknown, "phase.quit");
        var isRefusal = reply.IsTransient || reply.IsPermanent;
        // The end of data was sent and the answer to it says nothing: as if there were none.
        if (!isRefusal && phase == SmtpPhase.EndOfData) return new(OutcomeKind.Uncertain, FailureScope.Host, Categories.InDoubt, "code.unexpected");
        if (!isRefusal)
            return Defer(FailureScope.Host, Categories.Protocol, "code.unexpected") with { IsSiteTrouble = phase <= SmtpPhase.Auth };
        if (phase <= SmtpPhase.Auth || reply.Code == 421) return ReplyClassifier.ClassifyBeforeMail(phase, reply);
        return ReplyClassifier.ClassifyMail(phase, reply);
    }

    /// <summary>What a broken session means for every recipient that got no reply of its own.</summary>
    /// <param name="phase">How far it had come.</param>
    /// <param name="kind">What broke.</param>
    /// <param name="reply">The remote's last word, where it had one.</param>
    /// <param name="requiresTls">Whether the message asks for REQUIRETLS, so that it is what was missing (RFC 8689 §4.2.1).</param>
    public static Outcome Classify(SmtpPhase phase, SessionFailureKind kind, SmtpReply? reply, bool requiresTls = false)
    {
        var isRefusal = reply is { IsTransient: true } or { IsPermanent: true };
        if (phase == SmtpPhase.EndOfData && !isRefusal)
            return new(OutcomeKind.Uncertain, FailureScope.Host, Categories.InDoubt, "phase.end-of-data") { IsSiteTrouble = kind == SessionFailureKind.Timeout };
        switch (kind)
        {
            case SessionFailureKind.Internal:
                return Defer(FailureScope.Message, Categories.OwnFault, "failure.internal");
            case SessionFailureKind.Abandoned:
                return Defer(FailureScope.Host, Categories.OwnFault, "failure.abandoned");
            case SessionFailureKind.MissingExtension when reply is null:
                return Fail(FailureScope.Message, Categories.MissingExtension, requiresTls ? OwnRules.MissingRequireTls : OwnRules.MissingExtension);
            case SessionFailureKind.TooLargeForRemote when reply is null:
                return Fail(FailureScope.Message, Categories.TooLarge, OwnRules.TooLarge);
        }

        return isRefusal ? ClassifyLastWord(phase, reply!) : ClassifySilence(phase, kind);
    }

    /// <summary>What the name service's answer means for every recipient of the domain.</summary>
    public static Outcome Classify(MxStatus status) => status switch
    {
        MxStatus.NullMx => Fail(FailureScope.Site, Categories.NoMailService, OwnRules.NullMx),
        MxStatus.NoSuchDomain => Fail(FailureScope.Site, Categories.NoMailService, OwnRules.NoSuchDomain),
        MxStatus.NoAddress => Fail(FailureScope.Site, Categories.NoMailService, OwnRules.NoAddress),
        MxStatus.LoopsBack => Fail(FailureScope.Site, Categories.NoMailService, OwnRules.LoopsBack),
        MxStatus.Hosts => Defer(FailureScope.Site, Categories.Dns, "mx.no-usable-host") with { IsSiteTrouble = true },
        _ => Defer(FailureScope.Site, Categories.Dns, "mx.temporary") with { IsSiteTrouble = true },
    };

    // The last reply before the break may have been to another recipient's RCPT: it must not fail those that heard nothing.
    static Outcome ClassifyLastWord(SmtpPhase phase, SmtpReply reply)
    {
        var outcome = Classify(phase, reply);
        if (phase != SmtpPhase.RcptTo || outcome.Kind != OutcomeKind.Failed) return outcome;
        return Defer(FailureScope.Host, Categories.Connection, "failure.after-rcpt");
    }

    // Only a site that could not be talked to is in trouble. Servers close idle sessions, which shows at the next MAIL; a stall never is right.
    static Outcome ClassifySilence(SmtpPhase phase, SessionFailureKind kind)
    {
        var (category, scope, rule) = kind switch
        {
            SessionFailureKind.Timeout => (Categories.Connection, FailureScope.Host, "failure.timeout"),
            SessionFailureKind.ConnectFailed => (Categories.Connection, FailureScope.Host, "failure.connect"),
            SessionFailureKind.ConnectionLost => (Categories.Connection, FailureScope.Host, "failure.lost"),
            SessionFailureKind.Protocol => (Categories.Protocol, FailureScope.Host, "failure.protocol"),
            SessionFailureKind.Tls => (Categories.Tls, FailureScope.Host, "failure.tls"),
            SessionFailureKind.Dns => (Categories.Dns, FailureScope.Site, "failure.dns"),
            // Looks like a lasting fault of the domain's records, yet records can be forged on the way, and mended.
            SessionFailureKind.ForbiddenAddress => (Categories.ForbiddenAddress, FailureScope.Site, "failure.forbidden-address"),
            // Ours to mend: no recipient has a part in it, and the relay is of no use until then.
            SessionFailureKind.Authentication => (Categories.AuthenticationRequired, FailureScope.Source, "failure.authentication"),
            // RFC 8461 §5, RFC 7672 §2.2: delayed, never sent in the clear and never bounced for it.
            SessionFailureKind.TlsPolicy => (Categories.Tls, FailureScope.Site, "failure.tls-policy"),
            _ => (Categories.Unknown, FailureScope.Host, "failure.unknown"),
        };
        var isTrouble = phase <= SmtpPhase.Auth || kind is SessionFailureKind.Timeout or SessionFailureKind.ConnectFailed or SessionFailureKind.Authentication;
        return Defer(scope, category, rule) with { IsSiteTrouble = isTrouble };
    }

    internal static Outcome Defer(FailureScope scope, string category, string rule) => new(OutcomeKind.Deferred, scope, category, rule);

    static Outcome Fail(FailureScope scope, string category, string rule) =>
        new(OutcomeKind.Failed, scope, category, rule) { Status = OwnRules.StatusOf(rule) };
}
