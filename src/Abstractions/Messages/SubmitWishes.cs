namespace Orleans.Mail;

/// <summary>Which notices of its own the service mails to the envelope sender (RFC 3464). Events tell the same in any case.</summary>
[Flags, GenerateSerializer, Alias("mail.v1.NoticeKinds")]
public enum NoticeKinds : byte
{
    None = 0,

    /// <summary>A recipient will not get the message.</summary>
    Failure = 1,

    /// <summary>A recipient has not got it yet.</summary>
    Delay = 2,
}

/// <summary>What is asked of a receiving host that offers DSN (RFC 3461 §4). Passed on, never acted upon here.</summary>
/// <param name="Notify">When the host is to report.</param>
/// <param name="ReturnFull">Whether a report holds the whole message (RET=FULL) or its header (RET=HDRS).</param>
/// <param name="EnvelopeId">Comes back in reports (ENVID): 1 to 100 printable ASCII characters; null for none.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.DsnRequest")]
public sealed record DsnRequest(
    [property: Id(0)] DsnNotify Notify,
    [property: Id(1)] bool ReturnFull = false,
    [property: Id(2)] string? EnvelopeId = null);

/// <summary>NOTIFY of RFC 3461 §4.1.</summary>
[Flags, GenerateSerializer, Alias("mail.v1.DsnNotify")]
public enum DsnNotify : byte
{
    Never = 0,
    Success = 1,
    Failure = 2,
    Delay = 4,
}

/// <summary>Hours of the day in which a message may be sent: each attempt begins inside of them, and one that has begun runs to its end. Across midnight where <paramref name="Until"/> is not after <paramref name="From"/>.</summary>
/// <param name="From">First moment of a day's window, local time.</param>
/// <param name="Until">End of the window, local time.</param>
/// <param name="TimeZone">IANA name of the zone, for recipients without one of their own.</param>
/// <param name="Days">Days on which a window opens; none means every day.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SendWindow")]
public sealed record SendWindow(
    [property: Id(0)] TimeOnly From,
    [property: Id(1)] TimeOnly Until,
    [property: Id(2)] string TimeZone = "Etc/UTC",
    [property: Id(3)] DayOfWeek[]? Days = null);
