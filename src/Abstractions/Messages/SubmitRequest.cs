namespace Orleans.Mail;

/// <summary>What a caller hands over: one message, its envelope, and how it wants it treated. Text is unparsed here; the service parses it and reports every fault at once.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.SubmitRequest")]
public sealed record SubmitRequest
{
    /// <summary>Derived from tenant and key where there is a key (<see cref="MessageId.FromKey"/>), else new.</summary>
    [Id(0)] public required MessageId Id { get; init; }

    [Id(1)] public required string Tenant { get; init; }

    /// <summary>The caller's own name for this message, 1 to 256 characters; null when there is none.</summary>
    [Id(2)] public string? IdempotencyKey { get; init; }

    /// <summary>Envelope sender (RFC 5321 MAIL FROM); empty for the null sender.</summary>
    [Id(3)] public required string From { get; init; }

    /// <summary>Envelope recipients (RFC 5321 RCPT TO).</summary>
    [Id(4)] public required string[] Recipients { get; init; }

    /// <summary>The message as it is to leave, with CRLF line ends (RFC 5322). It is never changed after acceptance.</summary>
    [Id(5)] public required byte[] Content { get; init; }

    [Id(6)] public Priority Priority { get; init; }

    /// <summary>A label shared by a group of messages, at most 128 characters.</summary>
    [Id(7)] public string? Campaign { get; init; }

    [Id(8)] public string[] Tags { get; init; } = [];

    [Id(9)] public Dictionary<string, string>? Metadata { get; init; }

    /// <summary>Not to be sent before; null for at once.</summary>
    [Id(10)] public DateTimeOffset? SendAt { get; init; }

    /// <summary>Not to be tried after; null for the service's default.</summary>
    [Id(11)] public DateTimeOffset? ExpiresAt { get; init; }

    [Id(12)] public DoubtPolicy Doubt { get; init; }

    /// <summary>W3C trace context of the submitting operation, linked from later attempts.</summary>
    [Id(13)] public string? TraceParent { get; init; }

    /// <summary>
    /// SHA-256 of what the caller said, where the client rendered <see cref="Content"/> from it: two renderings of one draft differ in their Date.
    /// It stands for content and envelope when a known id is submitted again; null to compare those themselves.
    /// </summary>
    [Id(14)] public byte[]? ContentDigest { get; init; }

    /// <summary>With <see cref="DoubtPolicy.Retry"/>: how long to wait before the message is sent again after a doubt; null for the ordinary backoff.</summary>
    [Id(15)] public TimeSpan? DoubtWait { get; init; }

    /// <summary>Notices by mail to the envelope sender; null for the service's default, which is none.</summary>
    [Id(16)] public NoticeKinds? Notices { get; init; }

    /// <summary>Delivery status notifications asked of receiving hosts; null for none.</summary>
    [Id(17)] public DsnRequest? Dsn { get; init; }

    /// <summary>Only over authenticated TLS, on every hop that keeps the promise (RFC 8689).</summary>
    [Id(18)] public bool RequireTls { get; init; }

    /// <summary>Hours in which it may be sent; null for any.</summary>
    [Id(19)] public SendWindow? Window { get; init; }

    /// <summary>IANA time zones of recipients, by address as in <see cref="Recipients"/>: the window is taken in theirs.</summary>
    [Id(20)] public Dictionary<string, string>? RecipientTimeZones { get; init; }

    /// <summary>Name of the route to take instead of the one the rules choose; null for the rules.</summary>
    [Id(21)] public string? Route { get; init; }
}

/// <summary>Proof that the service owns a message: given only after the commit.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.SubmitReceipt")]
public sealed record SubmitReceipt(
    [property: Id(0)] MessageId Id,
    [property: Id(1)] DateTimeOffset AcceptedAt,
    [property: Id(2)] bool WasDuplicate);

/// <summary>One thing wrong with a request: the field and what to do about it. Never holds the offending address or content.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.SubmitFault")]
public sealed record SubmitFault([property: Id(0)] string Field, [property: Id(1)] string Problem);

/// <summary>The answer to one submission: a receipt, or why there is none.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.SubmitResult")]
public sealed record SubmitResult
{
    [Id(0)] public SubmitReceipt? Receipt { get; init; }

    [Id(1)] public MailErrorCode Code { get; init; }

    [Id(2)] public SubmitFault[] Faults { get; init; } = [];

    [Id(3)] public TimeSpan? RetryAfter { get; init; }

    public static SubmitResult Accepted(SubmitReceipt receipt) => new() { Receipt = receipt };

    public static SubmitResult Refused(MailErrorCode code, params SubmitFault[] faults) => new() { Code = code, Faults = faults };
}

/// <summary>Why a request was not carried out. A failed delivery is a state, not one of these.</summary>
[GenerateSerializer, Alias("mail.v1.MailErrorCode")]
public enum MailErrorCode : byte
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The draft breaks rules; every fault is listed. Not transient.</summary>
    InvalidDraft = 1,

    /// <summary>The content is larger than the service takes. Not transient.</summary>
    TooLarge = 2,

    /// <summary>The idempotency key is already the name of a message with other content. Not transient.</summary>
    IdempotencyConflict = 3,

    /// <summary>The service has no room or no time right now. Transient.</summary>
    Busy = 4,

    /// <summary>The spool cannot store anything right now (disk full, locked, I/O error). Transient.</summary>
    SpoolUnavailable = 5,

    /// <summary>The service could not be reached, or the connection was lost; whether it acted is told by <c>OutcomeKnown</c>. Transient.</summary>
    Unreachable = 6,

    /// <summary>There is no message of that id.</summary>
    NotFound = 7,

    /// <summary>The feed position is older than what the service still keeps, or was made by another spool.</summary>
    InvalidPosition = 8,

    /// <summary>Anything else.</summary>
    Unknown = 255,
}
