namespace Orleans.Mail.Policy.Outcomes;

/// <summary>The judgement of 4yz and 5yz replies.</summary>
static class ReplyClassifier
{
    /// <summary>
    /// Replies before MAIL, and 421 anywhere (RFC 5321 §3.8), are about the host or about us: never a reason to fail mail.
    /// A 5yz greeting (RFC 5321 §3.1, RFC 7504 §4) sends us to the next host, and in the end the message expires.
    /// </summary>
    public static Outcome ClassifyBeforeMail(SmtpPhase phase, SmtpReply reply)
    {
        var (enhanced, text) = Enhanced(reply);
        var (category, scope, rule) = AboutSource(enhanced, text) ?? phase switch
        {
            SmtpPhase.StartTls => (Categories.Tls, FailureScope.Host, "phase.starttls"),
            SmtpPhase.Auth => (Categories.AuthenticationRequired, FailureScope.Source, "phase.auth"),
            _ when reply.Code == 521 => (Categories.NoMailService, FailureScope.Host, "code.521"),
            _ when reply.Code == 421 => (Categories.RemoteTrouble, FailureScope.Host, "code.421"),
            SmtpPhase.Ehlo => (Categories.Protocol, FailureScope.Host, "phase.ehlo"),
            _ => (Categories.RemoteTrouble, FailureScope.Host, "phase.greeting"),
        };
        return OutcomeClassifier.Defer(scope, category, rule) with { IsSiteTrouble = true };
    }

    // Too much of us, or we at all, is told at any point of the dialogue.
    static (string Category, FailureScope Scope, string Rule)? AboutSource(EnhancedStatus? enhanced, string text)
    {
        if (enhanced is { } status && EnhancedRules.FindDefinite(status) is { Category: Categories.RateLimited or Categories.BlockedSource } code)
            return (code.Category, code.Scope, code.Id);
        if (TextRules.Find(text) is { Category: Categories.RateLimited or Categories.BlockedSource } words)
            return (words.Category, words.Scope, words.Id);
        return null;
    }

    /// <summary>Replies to MAIL, RCPT, DATA and the end of data.</summary>
    public static Outcome ClassifyMail(SmtpPhase phase, SmtpReply reply)
    {
        var (enhanced, text) = Enhanced(reply);
        var outcome = ByDefiniteCode(phase, reply.Code, enhanced)
            ?? (enhanced is { } definite && EnhancedRules.FindDefinite(definite) is { } rule ? Apply(rule, reply, definite) : null)
            ?? (TextRules.Find(text) is { } words ? Apply(words, reply) : null)
            ?? (enhanced is { Detail: not 0 } general && EnhancedRules.FindSubject(general) is { } subject ? Apply(subject, reply, general) : null)
            ?? ByCode(phase, reply.Code, enhanced);
        var isMismatch = enhanced is { } status && status.Class != reply.Code / 100;
        return isMismatch ? outcome with { Rule = outcome.Rule + OutcomeClassifier.Mismatch } : outcome;
    }

    // A reply built by SmtpReply.Create leaves an enhanced code of another class in the text.
    static (EnhancedStatus? Status, string Text) Enhanced(SmtpReply reply)
    {
        if (reply.Enhanced is { } given) return (given, reply.Text);
        return EnhancedStatus.TryParsePrefix(reply.Text, out var status, out var rest) ? (status, rest) : (null, reply.Text);
    }

    static Outcome? ByDefiniteCode(SmtpPhase phase, int code, EnhancedStatus? enhanced) => code switch
    {
        // RFC 5321 §4.5.3.1.10: some say 552 where they mean 452; a mailbox or a message has codes of its own.
        552 when phase == SmtpPhase.RcptTo && enhanced is not { Subject: 2 } and not { Subject: 3, Detail: 4 } =>
            OutcomeClassifier.Defer(FailureScope.Message, Categories.TooManyRecipients, "code.552-rcpt"),
        // RFC 7504: this host takes no mail, another may (521); the domain takes none (556).
        521 => OutcomeClassifier.Defer(FailureScope.Host, Categories.NoMailService, "code.521"),
        556 when phase == SmtpPhase.RcptTo => new(OutcomeKind.Failed, FailureScope.Site, Categories.NoMailService, "code.556"),
        // RFC 4954 §6, RFC 3207 §4: it wants credentials or TLS from us.
        530 or 534 or 535 or 538 => OutcomeClassifier.Defer(FailureScope.Source, Categories.AuthenticationRequired, "code.53z"),
        _ => null,
    };

    static Outcome Apply(EnhancedRule rule, SmtpReply reply, EnhancedStatus status)
    {
        var isUnmistakable = reply.IsPermanent && (status.Class == 5 || IsKnownCode(reply.Code));
        var kind = rule.CanFail && isUnmistakable ? OutcomeKind.Failed : OutcomeKind.Deferred;
        return new(kind, rule.Scope, rule.Category, rule.Id);
    }

    static Outcome Apply(TextRule rule, SmtpReply reply) => new(
        rule.CanFail && reply.IsPermanent && IsKnownCode(reply.Code) ? OutcomeKind.Failed : OutcomeKind.Deferred,
        rule.Scope,
        rule.Category,
        rule.Id);

    static Outcome ByCode(SmtpPhase phase, int code, EnhancedStatus? enhanced)
    {
        var scope = phase switch { SmtpPhase.RcptTo => FailureScope.Recipient, SmtpPhase.MailFrom => FailureScope.Sender, _ => FailureScope.Message };
        return code switch
        {
            450 when phase == SmtpPhase.RcptTo => OutcomeClassifier.Defer(scope, Categories.MailboxUnavailable, "code.450"),
            452 when phase == SmtpPhase.RcptTo => OutcomeClassifier.Defer(FailureScope.Message, Categories.TooManyRecipients, "code.452-rcpt"),
            < 500 => OutcomeClassifier.Defer(scope, Categories.RemoteTrouble, "code.4yz"),
            // A syntax or sequence error is our fault, or a stream out of step (RFC 5321 §4.2.2); only 501 to RCPT is about the address.
            501 when phase == SmtpPhase.RcptTo => new(OutcomeKind.Failed, scope, Categories.InvalidRecipient, "code.501-rcpt"),
            >= 500 and <= 504 or 555 => OutcomeClassifier.Defer(FailureScope.Host, Categories.Protocol, "code.protocol"),
            // RFC 1870 §6.1 to MAIL; to the end of data it is the allocation, that is, the mailbox (RFC 5321 §4.2.3).
            552 when phase == SmtpPhase.MailFrom => new(OutcomeKind.Failed, FailureScope.Message, Categories.TooLarge, "code.552-mail"),
            552 => OutcomeClassifier.Defer(FailureScope.Recipient, Categories.MailboxFull, "code.552"),
            550 or 551 or 553 when phase == SmtpPhase.RcptTo => new(OutcomeKind.Failed, scope, Categories.MailboxUnavailable, $"code.{code}"),
            _ when IsKnownCode(code) || enhanced is { Class: 5 } => new(OutcomeKind.Failed, scope, Categories.PolicyRejected, "code.5yz"),
            _ => OutcomeClassifier.Defer(scope, Categories.Unknown, "code.unknown"),
        };
    }

    // RFC 5321 §4.2: the second digit of a reply code is 0 to 5. What lies outside is nobody's unmistakable word.
    static bool IsKnownCode(int code) => code / 10 % 10 <= 5;
}
