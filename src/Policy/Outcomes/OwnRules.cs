namespace Orleans.Mail.Policy.Outcomes;

/// <summary>Facts that fail mail without a remote's word, and the status they have in reports (RFC 3464 §2.3.4).</summary>
public static class OwnRules
{
    public const string NullMx = "mx.null";
    public const string NoSuchDomain = "mx.no-such-domain";
    public const string NoAddress = "mx.no-address";
    public const string LoopsBack = "mx.loop";
    public const string MissingExtension = "failure.missing-extension";
    public const string MissingRequireTls = "failure.missing-requiretls";
    public const string TooLarge = "failure.too-large";

    /// <summary>The status of a failure that <paramref name="rule"/> found; null for a rule that reads replies.</summary>
    public static EnhancedStatus? StatusOf(string? rule) => rule switch
    {
        // RFC 7505 §4.2.
        NullMx => new(5, 1, 10),
        NoSuchDomain => new(5, 1, 2),
        NoAddress => new(5, 4, 4),
        LoopsBack => new(5, 4, 6),
        // RFC 6531 §3.5, RFC 8689 §4.2.1.
        MissingExtension => new(5, 6, 7),
        MissingRequireTls => new(5, 7, 30),
        TooLarge => new(5, 3, 4),
        _ => null,
    };
}
