namespace Orleans.Mail;

/// <summary>What is known of a message at one moment.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.MessageStatus")]
public sealed record MessageStatus
{
    [Id(0)] public required MessageId Id { get; init; }

    [Id(1)] public required string Tenant { get; init; }

    /// <summary>The recipients' states in one word.</summary>
    [Id(2)] public required MailState State { get; init; }

    [Id(3)] public required DateTimeOffset AcceptedAt { get; init; }

    [Id(4)] public DateTimeOffset? FinalAt { get; init; }

    [Id(5)] public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When the next attempt of any recipient is due; null when final or under way.</summary>
    [Id(6)] public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Why the message waits, in words; null when it does not wait.</summary>
    [Id(7)] public string? WaitReason { get; init; }

    [Id(8)] public RecipientStatus[] Recipients { get; init; } = [];

    /// <summary>The newest attempts, oldest first.</summary>
    [Id(9)] public AttemptStatus[] Attempts { get; init; } = [];

    /// <summary>How many attempts there were, including those no longer listed.</summary>
    [Id(10)] public int AttemptCount { get; init; }

    [Id(11)] public Priority Priority { get; init; }

    [Id(12)] public string? Campaign { get; init; }

    [Id(13)] public string[] Tags { get; init; } = [];

    [Id(14)] public Dictionary<string, string>? Metadata { get; init; }

    [Id(15)] public string? IdempotencyKey { get; init; }

    [Id(16)] public long ContentBytes { get; init; }

    /// <summary>Why it was suspended, cancelled or failed, in the words of whoever did it; null when nobody did.</summary>
    [Id(17)] public string? Reason { get; init; }

    /// <summary>The next attempt is not to be expected before; null when final or under way.</summary>
    [Id(18)] public DateTimeOffset? EarliestAttemptAt { get; init; }

    /// <summary>The next attempt is probably not later; null when final, under way, or where nobody knows.</summary>
    [Id(19)] public DateTimeOffset? LatestAttemptAt { get; init; }

    public bool IsFinal => State.IsFinal;
}

/// <summary>The fate of one recipient.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.RecipientStatus")]
public sealed record RecipientStatus
{
    [Id(0)] public required string Address { get; init; }

    [Id(1)] public required MailState State { get; init; }

    /// <summary>The remote's last word on this recipient.</summary>
    [Id(2)] public SmtpReply? LastReply { get; init; }

    /// <summary>What we make of it, such as <c>mailbox-full</c>.</summary>
    [Id(3)] public string? Category { get; init; }

    [Id(4)] public DateTimeOffset? NextAttemptAt { get; init; }

    [Id(5)] public int AttemptCount { get; init; }
}

/// <summary>One try to deliver a message to one site.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.AttemptStatus")]
public sealed record AttemptStatus
{
    [Id(0)] public required int Number { get; init; }

    [Id(1)] public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Null while the attempt is under way.</summary>
    [Id(2)] public TimeSpan? Duration { get; init; }

    [Id(3)] public required string Site { get; init; }

    [Id(4)] public string? Host { get; init; }

    /// <summary>TLS version and cipher, such as <c>TLS 1.3 TLS_AES_256_GCM_SHA384</c>; null for plaintext.</summary>
    [Id(5)] public string? Tls { get; init; }

    [Id(6)] public AttemptOutcome[] Outcomes { get; init; } = [];
}

/// <summary>What one attempt meant for one recipient.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.AttemptOutcome")]
public sealed record AttemptOutcome(
    [property: Id(0)] string Recipient,
    [property: Id(1)] EventType Result,
    [property: Id(2)] string? Category,
    [property: Id(3)] SmtpReply? Reply);

/// <summary>The definite answer to a cancellation.</summary>
[GenerateSerializer, Alias("mail.v1.CancelResult")]
public enum CancelResult : byte
{
    /// <summary>No recipient that was still open will be tried again.</summary>
    Cancelled = 0,

    /// <summary>An attempt is under way; what it delivers stays delivered, and nothing was cancelled.</summary>
    TooLate = 1,

    /// <summary>Nothing was open any more.</summary>
    AlreadyFinal = 2,

    /// <summary>There is no such message.</summary>
    NotFound = 3,

    /// <summary>It was set aside, since what is stored of it cannot be read: nothing was cancelled, and nothing sends it.</summary>
    SetAside = 4,
}
