namespace Orleans.Mail.Policy.Outcomes;

/// <summary>What a reply or a failure means for the recipient it concerns.</summary>
public enum OutcomeKind : byte
{
    Delivered,

    /// <summary>Try again later.</summary>
    Deferred,

    /// <summary>Never again: an unmistakable permanent reply.</summary>
    Failed,

    /// <summary>The receiver may have it or not.</summary>
    Uncertain,
}

/// <summary>What else a failure speaks about: it tells who else need not try.</summary>
public enum FailureScope : byte
{
    Recipient,
    Message,
    Sender,

    /// <summary>Our source address is refused.</summary>
    Source,
    Host,
    Site,
}

/// <summary>A judgement, with the rule that made it.</summary>
/// <param name="Kind">What becomes of the recipient.</param>
/// <param name="Scope">What the cause concerns.</param>
/// <param name="Category">One of <see cref="Categories"/>.</param>
/// <param name="Rule">Id of the rule that matched, for operators.</param>
public sealed record Outcome(OutcomeKind Kind, FailureScope Scope, string Category, string Rule)
{
    /// <summary>Whether the site could not be talked to: the only thing that narrows its window.</summary>
    public bool IsSiteTrouble { get; init; }

    /// <summary>Status code for reports (RFC 3464 §2.3.4) where no reply gave one.</summary>
    public EnhancedStatus? Status { get; init; }
}

/// <summary>Names of categories: stable, lower case, shown to users and used in metric tags.</summary>
public static class Categories
{
    public const string Delivered = "delivered";
    public const string InvalidRecipient = "invalid-recipient";
    public const string MailboxFull = "mailbox-full";
    public const string MailboxUnavailable = "mailbox-unavailable";
    public const string Greylisted = "greylisted";
    public const string RateLimited = "rate-limited";
    public const string BlockedSource = "blocked-source";
    public const string ContentRejected = "content-rejected";
    public const string PolicyRejected = "policy-rejected";
    public const string AuthenticationRequired = "authentication";
    public const string Dns = "dns";
    public const string NoMailService = "no-mail-service";
    public const string Connection = "connection";
    public const string Tls = "tls";
    public const string Protocol = "protocol";
    public const string TooLarge = "too-large";
    public const string MissingExtension = "missing-extension";
    public const string TooManyRecipients = "too-many-recipients";
    public const string RemoteTrouble = "remote-trouble";
    public const string Expired = "expired";
    public const string InDoubt = "in-doubt";
    public const string Suppressed = "suppressed";
    public const string Cancelled = "cancelled";
    public const string OwnFault = "own-fault";
    public const string Unknown = "unknown";
}
