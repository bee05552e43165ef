namespace Orleans.Mail.Policy.Notices;

/// <summary>How notices are made.</summary>
public sealed record NoticeSettings
{
    /// <summary>Domain of the notices' author, <c>MAILER-DAEMON@</c>, and of their Message-ID.</summary>
    public required string Domain { get; init; }

    /// <summary>Host name that reports (RFC 3464 §2.2.2); null for <see cref="Domain"/>.</summary>
    public string? ReportingHost { get; init; }

    /// <summary>Age, counted from the send time, at which a message that was tried is told to be late. Default 4 hours.</summary>
    public TimeSpan DelayAfter { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Octets of the original's header that go back with a notice. Default 16 KiB.</summary>
    public int MaxHeaderBytes { get; init; } = 16 * 1024;

    /// <summary>Characters of a remote's reply that are quoted, in words and in the report. Default 1,024.</summary>
    public int MaxReplyLength { get; init; } = SmtpReply.MaxTextLength;
}
