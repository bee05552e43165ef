using System.Text.Json.Serialization;

namespace Orleans.Mail.Ledger;

/// <summary>How a submission ended for the submitter.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SubmitOutcome>))]
public enum SubmitOutcome
{
    /// <summary>The service gave a receipt: from here on it owes a fate for every recipient.</summary>
    Accepted,

    /// <summary>No answer: the service may own the message or not. Delivery is allowed, not owed.</summary>
    Unknown,

    /// <summary>The service said no: nothing may be delivered.</summary>
    Refused,
}

/// <summary>One submission whose end the submitter saw.</summary>
public sealed record SubmittedLine(string Id, string[] Recipients, DateTimeOffset At, SubmitOutcome Outcome, string? Sha256 = null, long Octets = 0);

/// <summary>What the sink did with a copy.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SinkPhase>))]
public enum SinkPhase
{
    /// <summary>Taken; the positive reply to the end of data followed.</summary>
    Taken,

    /// <summary>Taken, and the connection was cut before the reply: the sender cannot know.</summary>
    TakenUnanswered,

    /// <summary>Not taken: a negative reply to the end of data followed.</summary>
    Refused,
}

/// <summary>One copy of a message that arrived for one recipient.</summary>
public sealed record ReceivedLine(DateTimeOffset Utc, string Id, string Recipient, SinkPhase Phase, long Octets, string Sha256, string? Attempt = null);

/// <summary>One event of the service's feed. A null recipient means every recipient of the message.</summary>
/// <param name="IsFinal">Whether nothing follows for the recipient; needed for Uncertain only, which ends a recipient or not.</param>
public sealed record EventLine(string Id, string Type, DateTimeOffset At, string? Recipient = null, int Attempt = 0, bool IsFinal = false);

/// <summary>A recipient that the service showed as still waiting when the run ended. A null recipient means every one of the message.</summary>
public sealed record QueuedLine(string Id, string? Recipient = null, string? State = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SubmittedLine))]
[JsonSerializable(typeof(ReceivedLine))]
[JsonSerializable(typeof(EventLine))]
[JsonSerializable(typeof(QueuedLine))]
[JsonSerializable(typeof(LedgerReport))]
[JsonSerializable(typeof(SinkReport))]
public sealed partial class LedgerJson : JsonSerializerContext;
