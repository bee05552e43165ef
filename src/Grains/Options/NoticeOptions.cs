namespace Orleans.Mail.Grains.Options;

/// <summary>Notices by mail to the envelope sender (RFC 3464). Configuration section <c>OrleansMail:Notices</c>.</summary>
/// <remarks>Events tell the same, sooner and to a program: notices are for senders that are people.</remarks>
public sealed class NoticeOptions
{
    public const string Section = "OrleansMail:Notices";

    /// <summary>Domain of the notices' author, <c>MAILER-DAEMON@</c>. Default: none, so there are no notices.</summary>
    public string? Domain { get; set; }

    /// <summary>Host name that reports (RFC 3464 §2.2.2). Default: <see cref="Domain"/>.</summary>
    public string? ReportingHost { get; set; }

    /// <summary>Notices for messages that do not say what they want. Default: none.</summary>
    public NoticeKinds Default { get; set; } = NoticeKinds.None;

    /// <summary>Age at which a message that was tried is told to be late. Default: 4 hours.</summary>
    public TimeSpan DelayAfter { get; set; } = TimeSpan.FromHours(4);

    /// <summary>
    /// Most notices to the senders of one tenant in a day (UTC), in the whole cluster: senders may be forged, and reports to them would be spam. What is above is told
    /// by events alone. Default: 1,000.
    /// </summary>
    public int MostPerDay { get; set; } = 1000;
}
