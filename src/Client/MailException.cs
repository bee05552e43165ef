using System.Text;

namespace Orleans.Mail;

/// <summary>Why the service did not do what was asked. Never about a delivery: that is a state of the message.</summary>
public sealed class MailException : Exception
{
    public MailException(MailErrorCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    public MailException()
        : this(MailErrorCode.Unknown, "The mail service did not do what was asked.")
    {
    }

    public MailException(string message)
        : this(MailErrorCode.Unknown, message)
    {
    }

    public MailException(string message, Exception innerException)
        : this(MailErrorCode.Unknown, message, innerException)
    {
    }

    public MailErrorCode Code { get; }

    /// <summary>Whether the same call may succeed later.</summary>
    public bool IsTransient { get; init; }

    /// <summary>
    /// True: the service did nothing. False: it may have done what was asked; submit again under the same idempotency key,
    /// or look at <see cref="Id"/>.
    /// </summary>
    public bool OutcomeKnown { get; init; } = true;

    /// <summary>How long the service asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The message concerned.</summary>
    public MessageId? Id { get; init; }

    /// <summary>Everything wrong with the draft, at once.</summary>
    public IReadOnlyList<SubmitFault> Faults { get; init; } = [];

    internal static MailException Invalid(IReadOnlyList<SubmitFault> faults)
    {
        var text = new StringBuilder("The draft was not accepted:");
        foreach (var fault in faults) text.Append(' ').Append(fault.Field).Append(' ').Append(fault.Problem).Append(';');
        text[^1] = '.';
        return new MailException(MailErrorCode.InvalidDraft, text.ToString()) { Faults = faults };
    }
}
