using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Submission;

/// <summary>A submission that may be accepted as it is.</summary>
public sealed record ParsedSubmission
{
    public required MessageId Id { get; init; }

    public required string Tenant { get; init; }

    public string? IdempotencyKey { get; init; }

    /// <summary>Envelope sender; null for the null sender.</summary>
    public required Mailbox? From { get; init; }

    /// <summary>Envelope recipients, each once, in the order given.</summary>
    public required ImmutableArray<Mailbox> Recipients { get; init; }

    /// <summary>What is sent: CRLF line ends, the last line ended, header and body parted by an empty line.</summary>
    public required byte[] Content { get; init; }

    /// <summary>Whether the content has octets above 127 (RFC 6152).</summary>
    public required bool NeedsEightBitMime { get; init; }

    /// <summary>Whether an address or the header does (RFC 6531).</summary>
    public required bool NeedsSmtpUtf8 { get; init; }

    public required Priority Priority { get; init; }

    public string? Campaign { get; init; }

    public string[] Tags { get; init; } = [];

    public Dictionary<string, string>? Metadata { get; init; }

    /// <summary>UTC; null for at once.</summary>
    public DateTimeOffset? SendAt { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    public required DoubtPolicy Doubt { get; init; }

    /// <summary>With <see cref="DoubtPolicy.Retry"/>: the wait after a doubt; null for the ordinary backoff.</summary>
    public TimeSpan? DoubtWait { get; init; }

    /// <summary>Null for the service's default.</summary>
    public NoticeKinds? Notices { get; init; }

    public DsnRequest? Dsn { get; init; }

    public bool RequireTls { get; init; }

    public SendWindow? Window { get; init; }

    /// <summary>IANA time zones of recipients that have one of their own.</summary>
    public ImmutableDictionary<Mailbox, string> TimeZones { get; init; } = ImmutableDictionary<Mailbox, string>.Empty;

    /// <summary>Name of a route; whether there is one of that name is not known here.</summary>
    public string? Route { get; init; }

    /// <summary>Null where there was none, or none that is well-formed (W3C Trace Context §3.2).</summary>
    public string? TraceParent { get; init; }

    public byte[]? ContentDigest { get; init; }
}

/// <summary>A submission, or everything that is wrong with it.</summary>
public sealed record ParseResult
{
    /// <summary>Null when there are faults.</summary>
    public ParsedSubmission? Submission { get; init; }

    public MailErrorCode Code { get; init; }

    public SubmitFault[] Faults { get; init; } = [];
}
