namespace Orleans.Mail;

/// <summary>What happened. Open set: a newer service may name events that an older client does not know.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.EventType")]
public readonly record struct EventType([property: Id(0)] string Name)
{
    public static EventType Accepted { get; } = new("Accepted");
    public static EventType Attempting { get; } = new("Attempting");
    public static EventType Deferred { get; } = new("Deferred");
    public static EventType Delivered { get; } = new("Delivered");
    public static EventType Bounced { get; } = new("Bounced");
    public static EventType Expired { get; } = new("Expired");
    public static EventType Cancelled { get; } = new("Cancelled");
    public static EventType Suppressed { get; } = new("Suppressed");

    /// <summary>The receiver may have the message or not: the reply to the end of data, or our process, was lost.</summary>
    public static EventType Uncertain { get; } = new("Uncertain");

    public static EventType Quarantined { get; } = new("Quarantined");

    /// <summary>The time to be sent was changed: <see cref="DeliveryEvent.NextAttemptAt"/> tells it.</summary>
    public static EventType Rescheduled { get; } = new("Rescheduled");

    /// <summary>Another setting was changed: <see cref="DeliveryEvent.Category"/> names it, such as <c>priority</c>.</summary>
    public static EventType Changed { get; } = new("Changed");

    public static EventType Suspended { get; } = new("Suspended");
    public static EventType Resumed { get; } = new("Resumed");

    public override string ToString() => Name;
}

/// <summary>A fact about a message. It becomes visible only after it is durable, once, and keeps its place in the feed.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.DeliveryEvent")]
public sealed record DeliveryEvent
{
    [Id(0)] public required MessageId MessageId { get; init; }

    [Id(1)] public required EventType Type { get; init; }

    [Id(2)] public required DateTimeOffset At { get; init; }

    [Id(3)] public required string Tenant { get; init; }

    /// <summary>The recipient concerned; null for facts about the whole message.</summary>
    [Id(4)] public string? Recipient { get; init; }

    /// <summary>Number of the attempt concerned, from 1; 0 for none.</summary>
    [Id(5)] public int Attempt { get; init; }

    [Id(6)] public SmtpReply? Reply { get; init; }

    /// <summary>What we make of the reply, such as <c>greylisted</c>.</summary>
    [Id(7)] public string? Category { get; init; }

    [Id(8)] public string? Host { get; init; }

    [Id(9)] public string? Tls { get; init; }

    [Id(10)] public DateTimeOffset? NextAttemptAt { get; init; }

    [Id(11)] public string? Campaign { get; init; }

    [Id(12)] public string[] Tags { get; init; } = [];

    [Id(13)] public string? IdempotencyKey { get; init; }

    /// <summary>Place in the feed from which a subscription continues after this event. Filled in on reading.</summary>
    [Id(14)] public EventPosition Position { get; init; }

    /// <summary>What was said about it in words: the new value of a setting, or the reason of whoever changed something.</summary>
    [Id(15)] public string? Detail { get; init; }
}
