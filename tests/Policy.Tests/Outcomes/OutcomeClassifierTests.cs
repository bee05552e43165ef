using CsCheck;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Tests.Outcomes;

public sealed class OutcomeClassifierTests
{
    [Theory]
    // The recipient.
    [InlineData(SmtpPhase.RcptTo, 550, "5.1.1 User unknown", "Failed Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 550, "User unknown", "Failed Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 550, "", "Failed Recipient mailbox-unavailable")]
    [InlineData(SmtpPhase.RcptTo, 551, "", "Failed Recipient mailbox-unavailable")]
    [InlineData(SmtpPhase.RcptTo, 553, "", "Failed Recipient mailbox-unavailable")]
    [InlineData(SmtpPhase.RcptTo, 501, "", "Failed Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.2.1 The account is disabled", "Failed Recipient mailbox-unavailable")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.4.1 Recipient address rejected: Access denied", "Failed Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 556, "", "Failed Site no-mail-service")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.1.10 Recipient address has a null MX", "Failed Recipient no-mail-service")]
    [InlineData(SmtpPhase.RcptTo, 450, "", "Deferred Recipient mailbox-unavailable")]
    [InlineData(SmtpPhase.RcptTo, 450, "User unknown", "Deferred Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 451, "", "Deferred Recipient remote-trouble")]
    [InlineData(SmtpPhase.EndOfData, 550, "5.1.1 User unknown", "Failed Recipient invalid-recipient")]
    // A full mailbox is never permanent.
    [InlineData(SmtpPhase.RcptTo, 552, "5.2.2 Mailbox full", "Deferred Recipient mailbox-full")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.2.2 Over quota", "Deferred Recipient mailbox-full")]
    [InlineData(SmtpPhase.RcptTo, 550, "Mailbox is full", "Deferred Recipient mailbox-full")]
    [InlineData(SmtpPhase.RcptTo, 452, "4.2.2 Out of storage", "Deferred Recipient mailbox-full")]
    [InlineData(SmtpPhase.EndOfData, 552, "", "Deferred Recipient mailbox-full")]
    // RFC 5321 §4.5.3.1.10.
    [InlineData(SmtpPhase.RcptTo, 452, "", "Deferred Message too-many-recipients")]
    [InlineData(SmtpPhase.RcptTo, 552, "", "Deferred Message too-many-recipients")]
    [InlineData(SmtpPhase.RcptTo, 452, "4.5.3 Too many recipients", "Deferred Message too-many-recipients")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.5.3 Too many", "Deferred Message too-many-recipients")]
    [InlineData(SmtpPhase.RcptTo, 550, "Too many recipients", "Deferred Message too-many-recipients")]
    // Greylisting.
    [InlineData(SmtpPhase.RcptTo, 450, "4.7.1 Greylisted, see you in five minutes", "Deferred Recipient greylisted")]
    [InlineData(SmtpPhase.RcptTo, 451, "4.7.1 Wait a little", "Deferred Recipient greylisted")]
    [InlineData(SmtpPhase.RcptTo, 451, "Greylisting in action", "Deferred Recipient greylisted")]
    [InlineData(SmtpPhase.RcptTo, 550, "Greylisted for 300 seconds", "Deferred Recipient greylisted")]
    // The message.
    [InlineData(SmtpPhase.MailFrom, 552, "", "Failed Message too-large")]
    [InlineData(SmtpPhase.MailFrom, 552, "5.3.4 Message size exceeds fixed limit", "Failed Message too-large")]
    [InlineData(SmtpPhase.RcptTo, 552, "5.3.4 Message too big", "Failed Message too-large")]
    [InlineData(SmtpPhase.RcptTo, 552, "5.2.3 Too long for this mailbox", "Failed Recipient too-large")]
    [InlineData(SmtpPhase.EndOfData, 552, "Message size exceeds the maximum", "Failed Message too-large")]
    [InlineData(SmtpPhase.EndOfData, 552, "5.7.0 This message was blocked because of a virus", "Failed Message content-rejected")]
    [InlineData(SmtpPhase.EndOfData, 550, "5.7.1 Message looks like spam", "Failed Message content-rejected")]
    [InlineData(SmtpPhase.EndOfData, 554, "", "Failed Message policy-rejected")]
    [InlineData(SmtpPhase.EndOfData, 550, "5.7.26 No DMARC alignment", "Failed Sender sender-rejected")]
    [InlineData(SmtpPhase.MailFrom, 553, "5.1.8 Sender domain not found", "Failed Sender sender-rejected")]
    [InlineData(SmtpPhase.MailFrom, 550, "5.6.7 Address needs SMTPUTF8", "Failed Message missing-extension")]
    [InlineData(SmtpPhase.RcptTo, 554, "5.7.1 Relay access denied", "Failed Recipient policy-rejected")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.7.1 Not wanted", "Failed Message policy-rejected")]
    // Our source address: deferred, whatever the code says.
    [InlineData(SmtpPhase.RcptTo, 554, "5.7.1 Service unavailable; blocked using zen.spamhaus.org", "Deferred Source blocked-source")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.7.1 Blacklisted", "Deferred Source blocked-source")]
    [InlineData(SmtpPhase.MailFrom, 550, "5.7.1 Poor reputation", "Deferred Source blocked-source")]
    [InlineData(SmtpPhase.EndOfData, 550, "5.7.1 Blocked", "Deferred Source blocked-source")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.7.25 Reverse DNS validation failed", "Deferred Source blocked-source")]
    [InlineData(SmtpPhase.RcptTo, 450, "4.7.1 Client host rejected: cannot find your hostname", "Deferred Source blocked-source")]
    [InlineData(SmtpPhase.Greeting, 554, "5.7.1 Your IP is on a blocklist", "Deferred Source blocked-source trouble")]
    // Rates.
    [InlineData(SmtpPhase.MailFrom, 451, "4.7.0 Rate limit exceeded", "Deferred Site rate-limited")]
    [InlineData(SmtpPhase.MailFrom, 550, "Too many messages", "Deferred Site rate-limited")]
    [InlineData(SmtpPhase.RcptTo, 421, "4.7.0 Too many connections", "Deferred Site rate-limited trouble")]
    [InlineData(SmtpPhase.RcptTo, 450, "4.2.1 The user is receiving mail at a rate that is too high", "Deferred Recipient rate-limited")]
    [InlineData(SmtpPhase.Greeting, 421, "4.7.28 Unusual rate of mail from your IP", "Deferred Source rate-limited trouble")]
    [InlineData(SmtpPhase.MailFrom, 421, "4.7.0 [TSS04] Temporarily deferred due to user complaints", "Deferred Source rate-limited trouble")]
    [InlineData(SmtpPhase.MailFrom, 553, "5.7.2 [TSS11] Deferred", "Deferred Source rate-limited")]
    [InlineData(SmtpPhase.EndOfData, 550, "Ip frequency limited", "Deferred Source rate-limited")]
    [InlineData(SmtpPhase.EndOfData, 550, "Sender frequency limited", "Deferred Site rate-limited")]
    [InlineData(SmtpPhase.MailFrom, 550, "5.7.1 Messages from your network were not sent (S3140)", "Deferred Source blocked-source")]
    [InlineData(SmtpPhase.MailFrom, 451, "4.7.500 Server busy. Please try again later (S77719)", "Deferred Source rate-limited")]
    [InlineData(SmtpPhase.MailFrom, 451, "4.7.650 Rate limited due to IP reputation", "Deferred Source rate-limited")]
    [InlineData(SmtpPhase.EndOfData, 554, "DT:SPM refused", "Failed Message content-rejected")]
    [InlineData(SmtpPhase.EndOfData, 451, "DT:SPM refused", "Deferred Message content-rejected")]
    [InlineData(SmtpPhase.RcptTo, 550, "5.4.5 Daily sending quota exceeded", "Deferred Source rate-limited")]
    // A token inside of a queue id is none.
    [InlineData(SmtpPhase.RcptTo, 550, "No such user (id 7XTSS04B)", "Failed Recipient invalid-recipient")]
    // Between us and the host.
    [InlineData(SmtpPhase.RcptTo, 421, "", "Deferred Host remote-trouble trouble")]
    [InlineData(SmtpPhase.EndOfData, 421, "Closing", "Deferred Host remote-trouble trouble")]
    [InlineData(SmtpPhase.Greeting, 554, "No SMTP service here", "Deferred Host remote-trouble trouble")]
    [InlineData(SmtpPhase.Greeting, 521, "", "Deferred Host no-mail-service trouble")]
    [InlineData(SmtpPhase.RcptTo, 521, "", "Deferred Host no-mail-service")]
    [InlineData(SmtpPhase.Ehlo, 550, "", "Deferred Host protocol trouble")]
    [InlineData(SmtpPhase.StartTls, 454, "", "Deferred Host tls trouble")]
    [InlineData(SmtpPhase.Auth, 535, "5.7.8 Wrong", "Deferred Source authentication trouble")]
    [InlineData(SmtpPhase.MailFrom, 530, "5.7.0 Authentication required", "Deferred Source authentication")]
    [InlineData(SmtpPhase.MailFrom, 555, "5.5.4 Unknown parameter", "Deferred Host protocol")]
    [InlineData(SmtpPhase.RcptTo, 503, "", "Deferred Host protocol")]
    [InlineData(SmtpPhase.Data, 500, "", "Deferred Host protocol")]
    [InlineData(SmtpPhase.RcptTo, 452, "4.3.1 Insufficient system storage", "Deferred Host remote-trouble")]
    // A 5yz that says it is not for ever.
    [InlineData(SmtpPhase.RcptTo, 550, "Please try again later", "Deferred Recipient remote-trouble")]
    // Outside the grammar, without and with a definite enhanced code.
    [InlineData(SmtpPhase.RcptTo, 571, "Refused", "Deferred Recipient unknown")]
    [InlineData(SmtpPhase.RcptTo, 571, "User unknown", "Deferred Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 559, "User unknown", "Failed Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 560, "User unknown", "Deferred Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 571, "5.1.1 Refused", "Failed Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 599, "5.0.0 Refused", "Failed Recipient policy-rejected")]
    // Only the end of data delivers.
    [InlineData(SmtpPhase.EndOfData, 250, "Queued", "Delivered Recipient delivered")]
    [InlineData(SmtpPhase.RcptTo, 250, "", "Deferred Host protocol")]
    [InlineData(SmtpPhase.EndOfData, 354, "", "Uncertain Host in-doubt")]
    [InlineData(SmtpPhase.EndOfData, 0, "", "Uncertain Host in-doubt")]
    [InlineData(SmtpPhase.Data, 250, "Queued already", "Deferred Host protocol")]
    [InlineData(SmtpPhase.Data, 150, "", "Deferred Host protocol")]
    [InlineData(SmtpPhase.RcptTo, 354, "", "Deferred Host protocol")]
    [InlineData(SmtpPhase.EndOfData, 150, "", "Uncertain Host in-doubt")]
    [InlineData(SmtpPhase.EndOfData, 650, "", "Uncertain Host in-doubt")]
    [InlineData(SmtpPhase.Greeting, 250, "Hello?", "Deferred Host protocol trouble")]
    [InlineData(SmtpPhase.Quit, 550, "5.1.1 User unknown", "Deferred Host unknown")]
    public void Classify_Reply_IsWhatItMeans(SmtpPhase phase, int code, string text, string expected) =>
        Assert.Equal(expected, Describe(OutcomeClassifier.Classify(phase, SmtpReply.Create(code, text))));

    [Theory]
    [InlineData(SmtpPhase.RcptTo, 550, "4.1.1 User unknown", "Failed Recipient invalid-recipient")]
    [InlineData(SmtpPhase.EndOfData, 550, "4.6.1 Not wanted", "Failed Message content-rejected")]
    [InlineData(SmtpPhase.RcptTo, 550, "4.7.1 Try again later", "Deferred Recipient remote-trouble")]
    [InlineData(SmtpPhase.RcptTo, 450, "5.1.1 User unknown", "Deferred Recipient invalid-recipient")]
    [InlineData(SmtpPhase.RcptTo, 571, "4.6.1 Not wanted", "Deferred Message content-rejected")]
    public void Classify_EnhancedCodeOfAnotherClass_BasicCodeWinsAndIsNoted(SmtpPhase phase, int code, string text, string expected)
    {
        var outcome = OutcomeClassifier.Classify(phase, SmtpReply.Create(code, text));

        Assert.Equal(expected, Describe(outcome));
        Assert.EndsWith(OutcomeClassifier.Mismatch, outcome.Rule, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SmtpPhase.Dns, SessionFailureKind.Dns, "Deferred Site dns trouble")]
    [InlineData(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, "Deferred Host connection trouble")]
    [InlineData(SmtpPhase.Connect, SessionFailureKind.Timeout, "Deferred Host connection trouble")]
    [InlineData(SmtpPhase.Greeting, SessionFailureKind.ConnectionLost, "Deferred Host connection trouble")]
    [InlineData(SmtpPhase.Greeting, SessionFailureKind.Protocol, "Deferred Host protocol trouble")]
    [InlineData(SmtpPhase.StartTls, SessionFailureKind.Tls, "Deferred Host tls trouble")]
    [InlineData(SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost, "Deferred Host connection")]
    [InlineData(SmtpPhase.RcptTo, SessionFailureKind.Timeout, "Deferred Host connection trouble")]
    [InlineData(SmtpPhase.Content, SessionFailureKind.ConnectionLost, "Deferred Host connection")]
    [InlineData(SmtpPhase.MailFrom, SessionFailureKind.MissingExtension, "Failed Message missing-extension")]
    [InlineData(SmtpPhase.MailFrom, SessionFailureKind.TooLargeForRemote, "Failed Message too-large")]
    [InlineData(SmtpPhase.Connect, SessionFailureKind.ForbiddenAddress, "Deferred Site forbidden-address trouble")]
    [InlineData(SmtpPhase.Auth, SessionFailureKind.Authentication, "Deferred Source authentication trouble")]
    [InlineData(SmtpPhase.MailFrom, SessionFailureKind.Authentication, "Deferred Source authentication trouble")]
    [InlineData(SmtpPhase.StartTls, SessionFailureKind.TlsPolicy, "Deferred Site tls trouble")]
    [InlineData(SmtpPhase.Content, SessionFailureKind.Abandoned, "Deferred Host own-fault")]
    [InlineData(SmtpPhase.Content, SessionFailureKind.Internal, "Deferred Message own-fault")]
    [InlineData(SmtpPhase.EndOfData, SessionFailureKind.ConnectionLost, "Uncertain Host in-doubt")]
    [InlineData(SmtpPhase.EndOfData, SessionFailureKind.Timeout, "Uncertain Host in-doubt trouble")]
    [InlineData(SmtpPhase.EndOfData, SessionFailureKind.Abandoned, "Uncertain Host in-doubt")]
    [InlineData(SmtpPhase.EndOfData, SessionFailureKind.Internal, "Uncertain Host in-doubt")]
    [InlineData(SmtpPhase.EndOfData, SessionFailureKind.MissingExtension, "Uncertain Host in-doubt")]
    public void Classify_FailureWithoutReply_IsWhatItMeans(SmtpPhase phase, SessionFailureKind kind, string expected) =>
        Assert.Equal(expected, Describe(OutcomeClassifier.Classify(phase, kind, null)));

    [Theory]
    [InlineData(false, "5.6.7")]
    [InlineData(true, "5.7.30")]
    public void Classify_MissingExtension_HasTheStatusOfWhatWasMissing(bool requiresTls, string status) =>
        Assert.Equal(status, OutcomeClassifier.Classify(SmtpPhase.MailFrom, SessionFailureKind.MissingExtension, null, requiresTls).Status?.ToString());

    [Fact]
    public void Classify_WaitInTheReply_IsKeptOnlyWhereThereIsAnotherTry()
    {
        Assert.Equal(TimeSpan.FromMinutes(5), OutcomeClassifier.Classify(SmtpPhase.RcptTo, SmtpReply.Create(450, "4.7.1 Greylisted, try again in 300 seconds")).RetryAfter);
        Assert.Equal(TimeSpan.FromMinutes(1), OutcomeClassifier.Classify(SmtpPhase.Greeting, SmtpReply.Create(421, "Busy, retry in 1 minute")).RetryAfter);
        Assert.Null(OutcomeClassifier.Classify(SmtpPhase.RcptTo, SmtpReply.Create(550, "5.1.1 No such user, do not try again in 300 seconds")).RetryAfter);
    }

    [Fact]
    public void Classify_FailureWithReply_TakesTheReply()
    {
        var closing = SmtpReply.Create(421, "4.3.2 Shutting down");
        Assert.Equal("Deferred Host remote-trouble trouble", Describe(OutcomeClassifier.Classify(SmtpPhase.RcptTo, SessionFailureKind.ConnectionLost, closing)));
        var tooBig = SmtpReply.Create(552, "5.3.4 Too big");
        Assert.Equal("Failed Message too-large", Describe(OutcomeClassifier.Classify(SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost, tooBig)));
        Assert.Equal("Failed Message too-large", Describe(OutcomeClassifier.Classify(SmtpPhase.EndOfData, SessionFailureKind.ConnectionLost, tooBig)));
    }

    [Fact]
    public void Classify_FailureAfterRefusedRecipient_DoesNotFailTheOthers() =>
        Assert.Equal(
            "Deferred Host connection",
            Describe(OutcomeClassifier.Classify(SmtpPhase.RcptTo, SessionFailureKind.ConnectionLost, SmtpReply.Create(550, "5.1.1 User unknown"))));

    [Theory]
    [InlineData(MxStatus.NullMx, "Failed Site no-mail-service", "5.1.10")]
    [InlineData(MxStatus.NoSuchDomain, "Failed Site no-mail-service", "5.1.2")]
    [InlineData(MxStatus.NoAddress, "Failed Site no-mail-service", "5.4.4")]
    [InlineData(MxStatus.TemporaryFailure, "Deferred Site dns trouble", null)]
    [InlineData(MxStatus.Hosts, "Deferred Site dns trouble", null)]
    [InlineData((MxStatus)99, "Deferred Site dns trouble", null)]
    public void Classify_NameServiceAnswer_IsWhatItMeans(MxStatus answer, string expected, string? status)
    {
        var outcome = OutcomeClassifier.Classify(answer);

        Assert.Equal(expected, Describe(outcome));
        Assert.Equal(status, outcome.Status?.ToString());
    }

    static readonly Gen<SmtpReply> Replies = Gen.Select(
        Gen.Int[0, 999],
        Gen.Select(Gen.Bool, Gen.Int[2, 5], Gen.Int[0, 9], Gen.Int[0, 30]),
        Gen.OneOf(Gen.String, Gen.OneOf([.. TextRules.All.SelectMany(rule => rule.Words).Select(Gen.Const)])))
        .Select((code, enhanced, text) => new SmtpReply(code, text, enhanced.Item1 ? new EnhancedStatus(enhanced.Item2, enhanced.Item3, enhanced.Item4) : null));

    [Fact]
    public void Classify_AnyReply_FailsOnlyOn5yzAndDeliversOnlyOn2yzToEndOfData() =>
        Gen.Select(Gen.Int[0, 12], Replies).Sample(
            (phase, reply) =>
            {
                var outcome = OutcomeClassifier.Classify((SmtpPhase)phase, reply);
                return outcome.Kind switch
                {
                    OutcomeKind.Failed => reply.IsPermanent && phase is >= (int)SmtpPhase.MailFrom and <= (int)SmtpPhase.EndOfData,
                    OutcomeKind.Delivered => reply.IsPositive && phase == (int)SmtpPhase.EndOfData,
                    OutcomeKind.Uncertain => phase == (int)SmtpPhase.EndOfData && reply is { IsPositive: false, IsTransient: false, IsPermanent: false },
                    _ => true,
                } && outcome.Category.Length > 0 && outcome.Rule.Length > 0;
            },
            iter: 20_000);

    [Fact]
    public void Classify_AnyFailure_FailsOnlyOnTheNamedFacts() =>
        Gen.Select(Gen.Int[0, 12], Gen.Int[0, 13], Replies, Gen.Bool).Sample(
            (phase, kind, reply, isSilent) =>
            {
                var outcome = OutcomeClassifier.Classify((SmtpPhase)phase, (SessionFailureKind)kind, isSilent ? null : reply);
                var isNamedFact = (SessionFailureKind)kind is SessionFailureKind.MissingExtension or SessionFailureKind.TooLargeForRemote;
                return outcome.Kind switch
                {
                    OutcomeKind.Failed => isSilent ? isNamedFact : reply.IsPermanent,
                    OutcomeKind.Uncertain => phase == (int)SmtpPhase.EndOfData,
                    OutcomeKind.Delivered => false,
                    _ => phase != (int)SmtpPhase.EndOfData || !isSilent,
                };
            },
            iter: 20_000);

    static string Describe(Outcome outcome) => $"{outcome.Kind} {outcome.Scope} {outcome.Category}{(outcome.IsSiteTrouble ? " trouble" : "")}";
}
