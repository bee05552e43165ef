using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Messages;

/// <summary>
/// Everything durable about a message but its content. Changed only by <see cref="MessageTransitions"/>.
/// Stored in Orleans' binary format: ids are append-only, members are never reused (a test holds stored octets of each released version).
/// </summary>
[GenerateSerializer, Immutable, Alias("mail.v1.MessageState")]
public sealed record MessageState
{
    [Id(0)] public required MessageId Id { get; init; }
    [Id(1)] public required string Tenant { get; init; }
    [Id(2)] public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 over envelope and content: tells a repeated submission from another one under the same key.</summary>
    [Id(3)] public required ImmutableArray<byte> Fingerprint { get; init; }

    [Id(4)] public required string From { get; init; }
    [Id(5)] public required ImmutableArray<RecipientRecord> Recipients { get; init; }
    [Id(6)] public Priority Priority { get; init; }
    [Id(7)] public string? Campaign { get; init; }
    [Id(8)] public ImmutableArray<string> Tags { get; init; } = [];
    [Id(9)] public ImmutableDictionary<string, string>? Metadata { get; init; }
    [Id(10)] public required DateTimeOffset AcceptedAt { get; init; }
    [Id(11)] public DateTimeOffset? SendAt { get; init; }
    [Id(12)] public required DateTimeOffset ExpiresAt { get; init; }
    [Id(13)] public DoubtPolicy Doubt { get; init; }
    [Id(14)] public required long ContentBytes { get; init; }
    [Id(15)] public bool NeedsEightBitMime { get; init; }
    [Id(16)] public bool NeedsSmtpUtf8 { get; init; }
    [Id(17)] public string? TraceParent { get; init; }

    /// <summary>Attempts that were begun and not concluded, at most one a site.</summary>
    [Id(18)] public ImmutableArray<OpenAttempt> Open { get; init; } = [];

    /// <summary>The newest concluded attempts, oldest first, at most <see cref="MessageTransitions.MaxHistory"/>.</summary>
    [Id(19)] public ImmutableArray<AttemptStatus> History { get; init; } = [];

    /// <summary>Attempts ever begun; the next one's number is one more.</summary>
    [Id(20)] public int AttemptCount { get; init; }

    [Id(21)] public DateTimeOffset? FinalAt { get; init; }

    /// <summary>Whether a reminder may exist: set by the commit before it is registered, so that it is never forgotten.</summary>
    [Id(22)] public bool HasReminder { get; init; }

    /// <summary>After a doubt, wait so long; null for the ordinary backoff.</summary>
    [Id(23)] public TimeSpan? DoubtWait { get; init; }

    /// <summary>Notices owed to the sender.</summary>
    [Id(24)] public NoticeKinds Notices { get; init; }

    /// <summary>Notices that were made already: each is made once.</summary>
    [Id(25)] public NoticeKinds NoticesMade { get; init; }

    [Id(26)] public DsnRequest? Dsn { get; init; }
    [Id(27)] public bool RequireTls { get; init; }
    [Id(28)] public SendWindow? Window { get; init; }

    /// <summary>Name of the route to take; null for what the rules choose.</summary>
    [Id(29)] public string? Route { get; init; }

    /// <summary>Suspended by its sender or an operator: nothing is tried until it is resumed, and expiry still comes.</summary>
    [Id(30)] public bool IsSuspended { get; init; }

    /// <summary>The site that could not be talked to and for which the message waits: its recovery wakes it. Null when it waits for time alone.</summary>
    [Id(31)] public string? WaitsFor { get; init; }

    /// <summary>Why it was suspended, cancelled or failed, in the words of whoever did it.</summary>
    [Id(32)] public string? Reason { get; init; }

    /// <summary>Whether the sender or an operator chose <see cref="ExpiresAt"/>; else it is the service's, and a site may be given longer or less.</summary>
    [Id(33)] public bool IsExpiryAsked { get; init; }

    /// <summary>Attempts of which nothing came to the wire. Their numbers are used up; they count for nothing else.</summary>
    [Id(34)] public int ReturnedCount { get; init; }

    public bool IsFinal => FinalAt is not null;
}

/// <summary>One recipient and what became of it.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.RecipientRecord")]
public sealed record RecipientRecord
{
    [Id(0)] public required string Address { get; init; }
    [Id(1)] public Fate Fate { get; init; }

    /// <summary>Not to be tried before.</summary>
    [Id(2)] public DateTimeOffset NextDue { get; init; }

    [Id(3)] public SmtpReply? LastReply { get; init; }
    [Id(4)] public string? Category { get; init; }
    [Id(5)] public int AttemptCount { get; init; }

    /// <summary>Id of the rule that judged the last reply.</summary>
    [Id(6)] public string? Rule { get; init; }

    /// <summary>Name of the source address of the last attempt: a greylisted one is kept for the next.</summary>
    [Id(7)] public string? Source { get; init; }

    /// <summary>IANA time zone for the message's window; null for the window's own.</summary>
    [Id(8)] public string? TimeZone { get; init; }

    /// <summary>Whether the sender was told by a notice that it will not get the message.</summary>
    [Id(9)] public bool IsFailureTold { get; init; }

    public bool IsOpen => Fate is Fate.Pending or Fate.Deferred;

    /// <summary>The domain part: everything after the last @.</summary>
    public string Domain => Address[(Address.LastIndexOf('@') + 1)..];
}

/// <summary>What became of a recipient.</summary>
[GenerateSerializer, Alias("mail.v1.Fate")]
public enum Fate : byte
{
    Pending = 0,
    Deferred = 1,
    Delivered = 2,
    Bounced = 3,
    Expired = 4,
    Cancelled = 5,
    Suppressed = 6,
    Uncertain = 7,
}

/// <summary>An attempt written ahead of its first octet.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.OpenAttempt")]
public sealed record OpenAttempt
{
    [Id(0)] public required int Number { get; init; }
    [Id(1)] public required string Site { get; init; }
    [Id(2)] public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The spool's fence when it was begun: an attempt of a dead epoch has no session any more.</summary>
    [Id(3)] public required long Epoch { get; init; }

    /// <summary>Indexes into <see cref="MessageState.Recipients"/>.</summary>
    [Id(4)] public required ImmutableArray<int> Recipients { get; init; }

    /// <summary>By then the session that runs it has ended, whatever happened.</summary>
    [Id(5)] public required DateTimeOffset Deadline { get; init; }

    /// <summary>What the recipients have in common: their domain, or their pool of relays. Null in records of the first format.</summary>
    [Id(6)] public string? Destination { get; init; }

    /// <summary>Who runs it. Null in records of the first formats.</summary>
    [Id(7)] public AttemptRunner? Runner { get; init; }

    /// <summary>How far it is known to have come.</summary>
    [Id(8)] public AttemptPhase Phase { get; init; }
}

/// <summary>How far an open attempt is known to have come. Only its end of data counts: before it the remote has no message (RFC 5321 §4.1.1.4).</summary>
[GenerateSerializer, Alias("mail.v1.AttemptPhase")]
public enum AttemptPhase : byte
{
    /// <summary>Not kept in the state: the store's own notes tell, where it has them.</summary>
    Untold = 0,

    /// <summary>Its runner tells before it sends the end of data, and has not yet.</summary>
    BeforeEndOfData = 1,

    /// <summary>The end of data was, or was about to be, sent.</summary>
    EndOfData = 2,
}

/// <summary>Who runs an attempt, which ends with the runner's silo.</summary>
/// <param name="Silo">Address and generation of the silo.</param>
/// <param name="Claim">The ticket that the attempt was begun for: of one message a session may hold two, and only one of them may be sent.</param>
/// <param name="TellsPhase">Whether it can tell before it sends the end of data. False for silos of the first builds.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.AttemptRunner")]
public readonly record struct AttemptRunner([property: Id(0)] SiloAddress Silo, [property: Id(1)] Guid Claim, [property: Id(2)] bool TellsPhase = false);
