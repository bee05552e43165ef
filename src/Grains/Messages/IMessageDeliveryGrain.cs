using System.Collections.Immutable;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Grains.Messages;

/// <summary>The inner side of a message: what queues, sessions and sweeps ask of it. Key: <see cref="MessageId"/> as text.</summary>
[Alias("mail.v1.IMessageDeliveryGrain")]
interface IMessageDeliveryGrain : IGrainWithStringKey
{
    /// <summary>Commits a new attempt before a byte is sent. Null when there is nothing to send to the destination now.</summary>
    /// <param name="destination">A recipient domain, or a pool of relays.</param>
    /// <param name="site">The site that it is reached by this time.</param>
    /// <param name="runner">Who asks, and will send. Asking again, for an answer that was lost, it gets the same order again.</param>
    [Alias("BeginAttempt")]
    Task<AttemptOrder?> BeginAttemptAsync(string destination, string site, AttemptRunner runner);

    /// <summary>Commits that the end of data of an attempt is about to be sent, where its order asks for that. Fails when the attempt is not open any more: then it must not be sent.</summary>
    [Alias("MarkEndOfData")]
    Task MarkEndOfDataAsync(int number);

    /// <summary>Commits what an attempt came to. Ignored when the attempt is not open any more.</summary>
    [Alias("CompleteAttempt")]
    Task CompleteAttemptAsync(AttemptReport report);

    /// <summary>Looks at the state and does what is due: resolves dead attempts, expires, queues. Carries no meaning of its own.</summary>
    [Alias("Wake")]
    Task<WakeResult> WakeAsync(WakeCause cause);

    /// <summary>A site has no use for this message's ticket before <paramref name="until"/>: a wait, not an attempt.</summary>
    /// <param name="destination">What the ticket was for.</param>
    /// <param name="until">When to come again.</param>
    /// <param name="waitsFor">The site that could not be talked to: its recovery wakes the message earlier. Null for one that is merely busy.</param>
    /// <param name="isDown">Whether the site could not be talked to, which subscribers hear as a deferral without an attempt.</param>
    [Alias("Postpone")]
    Task PostponeAsync(string destination, DateTimeOffset until, string? waitsFor, bool isDown);

    /// <summary>A suspension that may have held this message is over: goes on where it was.</summary>
    [Alias("Resume")]
    Task ResumeAsync();
}

/// <summary>Who woke a message.</summary>
[GenerateSerializer, Alias("mail.v1.WakeCause")]
enum WakeCause : byte
{
    Reminder = 0,

    /// <summary>Its due time passed and nothing came of it.</summary>
    Sweep = 1,

    /// <summary>Its holder died with an earlier epoch of the shard.</summary>
    Recovery = 2,

    /// <summary>The site that it waited for talks again.</summary>
    Release = 3,

    /// <summary>A silo died, and may have had a ticket or an attempt of it in its hands.</summary>
    SiloLost = 4,
}

/// <summary>What a wake-up found.</summary>
[GenerateSerializer, Alias("mail.v1.WakeResult")]
enum WakeResult : byte
{
    /// <summary>Nothing was lost: the message waits, is queued, or is final.</summary>
    Nothing = 0,

    /// <summary>The message was due and nobody worked for it.</summary>
    Found = 1,

    /// <summary>It cannot be read, nor set aside in the store: there is no use in waking it again.</summary>
    Unreadable = 2,
}

/// <summary>What a session is to send.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.AttemptOrder")]
sealed record AttemptOrder
{
    [Id(0)] public required MessageId Message { get; init; }
    [Id(1)] public required int Number { get; init; }
    [Id(2)] public required string From { get; init; }
    [Id(3)] public required ImmutableArray<string> Recipients { get; init; }
    [Id(4)] public required ReadOnlyMemory<byte> Content { get; init; }
    [Id(5)] public required bool NeedsEightBitMime { get; init; }
    [Id(6)] public required bool NeedsSmtpUtf8 { get; init; }
    [Id(7)] public required string? TraceParent { get; init; }
    [Id(8)] public required string Tenant { get; init; }

    /// <summary>By then the attempt must have ended; the session gives it up.</summary>
    [Id(9)] public required DateTimeOffset Deadline { get; init; }

    /// <summary>A recipient domain, or a pool of relays.</summary>
    [Id(10)] public required string Destination { get; init; }

    [Id(11)] public DsnRequest? Dsn { get; init; }

    [Id(12)] public bool RequireTls { get; init; }

    /// <summary>When a recipient of the order was first greylisted; null where none was.</summary>
    [Id(13)] public DateTimeOffset? GreylistedAt { get; init; }

    /// <summary>Recipients of one transaction, where more of the order's limits are known than the site's; null for those of the site.</summary>
    [Id(14)] public int? RecipientsPerTransaction { get; init; }

    /// <summary>Whether the message wants to know, before the end of data is sent.</summary>
    [Id(15)] public bool IsPhaseTold { get; init; }
}

/// <summary>What an attempt came to.</summary>
/// <param name="Number">The attempt.</param>
/// <param name="Host">The host that was talked to.</param>
/// <param name="Tls">TLS version, cipher and proof.</param>
/// <param name="Verdicts">One for each recipient of the order; none when it was returned.</param>
/// <param name="Source">Name of the source address it was tried from.</param>
/// <param name="GreylistWait">How long the site is known to make first-time mail wait.</param>
/// <param name="IsReturned">Nothing of it came to the wire.</param>
/// <param name="PacedWait">How long the site lets those stay away that it calls too fast; null for the backoff.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.AttemptReport")]
sealed record AttemptReport(
    [property: Id(0)] int Number,
    [property: Id(1)] string? Host,
    [property: Id(2)] string? Tls,
    [property: Id(3)] ImmutableArray<Verdict> Verdicts,
    [property: Id(4)] string? Source = null,
    [property: Id(5)] TimeSpan? GreylistWait = null,
    [property: Id(6)] bool IsReturned = false,
    [property: Id(7)] TimeSpan? PacedWait = null);

/// <summary>A judged reply. Flat, since it crosses between silos.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.Verdict")]
readonly record struct Verdict(
    [property: Id(0)] byte Kind,
    [property: Id(1)] byte Scope,
    [property: Id(2)] string Category,
    [property: Id(3)] string Rule,
    [property: Id(4)] SmtpReply? Reply,
    [property: Id(5)] bool IsSiteTrouble,
    [property: Id(6)] TimeSpan? RetryAfter = null,
    [property: Id(7)] string? OnlyFor = null)
{
    public static Verdict Of(Outcome outcome, SmtpReply? reply) =>
        new((byte)outcome.Kind, (byte)outcome.Scope, outcome.Category, outcome.Rule, reply, outcome.IsSiteTrouble, outcome.RetryAfter);

    public Outcome ToOutcome() => new((OutcomeKind)Kind, (FailureScope)Scope, Category, Rule) { IsSiteTrouble = IsSiteTrouble, RetryAfter = RetryAfter };
}
