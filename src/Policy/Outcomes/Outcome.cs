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

    /// <summary>Who sends, as the message says: its addresses, or their authentication.</summary>
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

    /// <summary>How long the remote asked to wait, in its own words; unbounded here, bounded by who uses it. Only with Deferred.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
