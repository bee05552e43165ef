namespace Orleans.Mail;

/// <summary>How soon a message should leave, against others of the same site.</summary>
[GenerateSerializer, Alias("mail.v1.Priority")]
public enum Priority : byte
{
    /// <summary>Everything that is neither urgent nor a mass mailing. The default.</summary>
    Normal = 0,

    /// <summary>Codes, resets, alerts: somebody waits for it.</summary>
    High = 1,

    /// <summary>Newsletters and other mass mailings.</summary>
    Bulk = 2,
}

/// <summary>What to do when it cannot be known whether the receiver took a message: the connection, or our process, was lost after the end of data.</summary>
[GenerateSerializer, Alias("mail.v1.DoubtPolicy")]
public enum DoubtPolicy : byte
{
    /// <summary>Try again: possibly twice rather than possibly never. The default.</summary>
    Retry = 0,

    /// <summary>Stop as <see cref="MailState.Uncertain"/>: possibly never rather than possibly twice.</summary>
    Stop = 1,
}
