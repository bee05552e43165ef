namespace Orleans.Mail.Testing;

/// <summary>What a <see cref="FakeMailClient"/> does with the drafts that a predicate selects. The newest rule that fits a draft counts.</summary>
public sealed class FakeRule
{
    internal FakeRule(Func<MailDraft, bool> predicate) => Predicate = predicate;

    internal Func<MailDraft, bool> Predicate { get; }

    internal int Deferrals { get; private set; }

    internal bool EndsDeferred { get; private set; }

    internal SmtpReply DeferReply { get; private set; } = SmtpReply.Create(451, "4.7.1 Try again later");

    internal SmtpReply? BounceReply { get; private set; }

    internal MailException? Failure { get; private set; }

    /// <summary>Every recipient takes it.</summary>
    public FakeRule Deliver()
    {
        EndsDeferred = false;
        BounceReply = null;
        return this;
    }

    /// <summary>Every recipient refuses it for good.</summary>
    /// <param name="enhancedStatus">Such as <c>5.1.1</c>.</param>
    /// <param name="text">What the receiving host says.</param>
    public FakeRule Bounce(string enhancedStatus = "5.1.1", string text = "No such mailbox")
    {
        BounceReply = SmtpReply.Create(550, $"{enhancedStatus} {text}");
        return this;
    }

    /// <summary>Every recipient asks to wait, this many times, before the rest of the rule applies. All of it happens within the submission.</summary>
    public FakeRule Defer(int times, string enhancedStatus = "4.7.1", string text = "Try again later")
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(times);
        Deferrals = times;
        DeferReply = SmtpReply.Create(451, $"{enhancedStatus} {text}");
        return this;
    }

    /// <summary>Every recipient asks to wait, and the message stays deferred.</summary>
    public FakeRule Defer()
    {
        Defer(1);
        EndsDeferred = true;
        return this;
    }

    /// <summary>The submission itself fails.</summary>
    public FakeRule Fail(MailErrorCode code, bool isTransient = false, bool outcomeKnown = true)
    {
        Failure = new MailException(code, $"The fake was told to fail ({code}).") { IsTransient = isTransient, OutcomeKnown = outcomeKnown };
        return this;
    }
}
