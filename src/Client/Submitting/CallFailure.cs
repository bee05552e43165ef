using Orleans.Runtime.Messaging;
using Orleans.Storage;

namespace Orleans.Mail.Submitting;

/// <summary>What an exception of a grain call means to the caller.</summary>
/// <param name="Code">The code to report.</param>
/// <param name="IsTransient">Whether the same call may succeed later.</param>
/// <param name="OutcomeKnown">Whether it is certain that nothing was done.</param>
readonly record struct CallFailure(MailErrorCode Code, bool IsTransient, bool OutcomeKnown)
{
    public static CallFailure Of(Exception exception) => exception switch
    {
        // Rejected before execution.
        GatewayTooBusyException or LimitExceededException => new(MailErrorCode.Busy, true, true),
        // A reply may have been lost: the call may have been carried out.
        TimeoutException or OrleansMessageRejectionException or ConnectionFailedException => new(MailErrorCode.Unreachable, true, false),
        EnumerationAbortedException or ClientNotAvailableException => new(MailErrorCode.Unreachable, true, false),
        // An activation lost a write race; it starts anew from what is stored.
        InconsistentStateException => new(MailErrorCode.SpoolUnavailable, true, false),
        // The client's own host has stopped, so nothing can be sent any more.
        ObjectDisposedException => new(MailErrorCode.Unreachable, false, false),
        ServiceUnavailableException unavailable => new(MailErrorCode.SpoolUnavailable, true, unavailable.OutcomeKnown),
        _ => new(MailErrorCode.Unknown, false, false),
    };

    /// <summary>The refusal that a result stands for.</summary>
    public static CallFailure Of(SubmitResult result) => result.Code switch
    {
        MailErrorCode.Busy => new(result.Code, true, true),
        // A write that failed may be durable all the same, and the service may have lost an answer of its own parts.
        MailErrorCode.SpoolUnavailable or MailErrorCode.Unreachable => new(result.Code, true, false),
        MailErrorCode.None => new(MailErrorCode.Unknown, false, false),
        _ => new(result.Code, false, true),
    };

    public string Text => Code switch
    {
        MailErrorCode.Busy => "The mail service is busy.",
        MailErrorCode.SpoolUnavailable => "The mail service cannot store anything right now.",
        MailErrorCode.Unreachable => "The mail service could not be reached, or its answer was lost.",
        MailErrorCode.IdempotencyConflict => "The idempotency key already names a message with other content.",
        MailErrorCode.TooLarge => "The content is larger than the mail service takes.",
        _ => $"The mail service answered with an error ({Code}).",
    };
}
