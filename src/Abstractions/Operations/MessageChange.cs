namespace Orleans.Mail;

/// <summary>What else is to happen to a message, next to its new settings.</summary>
[GenerateSerializer, Alias("mail.v1.MessageAction")]
public enum MessageAction : byte
{
    /// <summary>Nothing: only settings change.</summary>
    None = 0,

    /// <summary>No attempt begins until it is resumed. One under way runs to its end; expiry still comes.</summary>
    Suspend = 1,

    /// <summary>Ends a suspension of this message. Its backoff goes on where it was.</summary>
    Resume = 2,

    /// <summary>What waits for its time is due at once, or where its sender chose hours, when they begin.</summary>
    RetryNow = 3,

    /// <summary>Open recipients end as <see cref="MailState.Cancelled"/>.</summary>
    Cancel = 4,

    /// <summary>Open recipients end as <see cref="MailState.Bounced"/>, with the failure notice that the sender asked for.</summary>
    Fail = 5,
}

/// <summary>A change of an accepted message. Null members change nothing. All of it happens in one step, or nothing does.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.MessageChange")]
public sealed record MessageChange
{
    /// <summary>Longest <see cref="Reason"/>, in characters.</summary>
    public const int MaxReasonLength = 256;

    [Id(0)] public MessageAction Action { get; init; }

    /// <summary>Not to be sent before, first or again; a time that has passed means at once. The hours that its sender chose still hold.</summary>
    [Id(1)] public DateTimeOffset? SendAt { get; init; }

    [Id(2)] public Priority? Priority { get; init; }

    /// <summary>Not to be tried after. Must lie ahead.</summary>
    [Id(3)] public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Name of the route to take; empty for what the rules choose.</summary>
    [Id(4)] public string? Route { get; init; }

    /// <summary>Why, for whoever looks at it later. Kept with the message and told with the event.</summary>
    [Id(5)] public string? Reason { get; init; }
}

/// <summary>The definite answer to a change.</summary>
[GenerateSerializer, Alias("mail.v1.ChangeResult")]
public enum ChangeResult : byte
{
    /// <summary>It is durable, or was so already. No attempt that begins from now on sees anything else.</summary>
    Changed = 0,

    /// <summary>An attempt is under way: nothing was changed.</summary>
    TooLate = 1,

    /// <summary>Nothing was open any more.</summary>
    AlreadyFinal = 2,

    /// <summary>There is no such message.</summary>
    NotFound = 3,

    /// <summary>The change contradicts itself or the message; <see cref="ChangeAnswer.Problem"/> tells how.</summary>
    Invalid = 4,
}

/// <summary>What became of a change.</summary>
/// <param name="Result">The answer.</param>
/// <param name="Problem">For <see cref="ChangeResult.Invalid"/>: what is wrong and what to do.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.ChangeAnswer")]
public sealed record ChangeAnswer([property: Id(0)] ChangeResult Result, [property: Id(1)] string? Problem = null);
