namespace Orleans.Mail;

/// <summary>How far a dialogue had come (RFC 5321 §3) when it was answered or broke.</summary>
[GenerateSerializer, Alias("mail.v1.SmtpPhase")]
public enum SmtpPhase : byte
{
    Dns = 0,
    Connect = 1,
    Greeting = 2,
    Ehlo = 3,
    StartTls = 4,
    Auth = 5,
    MailFrom = 6,
    RcptTo = 7,
    Data = 8,

    /// <summary>Content is being sent; the end of data has not been.</summary>
    Content = 9,

    /// <summary>The end of data was, or may have been, sent: without a reply the outcome is in doubt.</summary>
    EndOfData = 10,

    Quit = 11,
}

/// <summary>What broke when no reply told.</summary>
[GenerateSerializer, Alias("mail.v1.SessionFailureKind")]
public enum SessionFailureKind : byte
{
    /// <summary>A deadline passed.</summary>
    Timeout = 0,

    /// <summary>The connection was refused, unreachable or reset while dialling.</summary>
    ConnectFailed = 1,

    /// <summary>An established connection ended.</summary>
    ConnectionLost = 2,

    /// <summary>The remote did not speak SMTP, or spoke without bound.</summary>
    Protocol = 3,

    /// <summary>TLS was asked for and could not be had.</summary>
    Tls = 4,

    /// <summary>The name service gave no usable answer.</summary>
    Dns = 5,

    /// <summary>The message needs an extension (8BITMIME, SMTPUTF8) that the remote lacks.</summary>
    MissingExtension = 6,

    /// <summary>The message is larger than the remote announced to take (RFC 1870).</summary>
    TooLargeForRemote = 7,

    /// <summary>The silo is stopping, or gave the session up.</summary>
    Abandoned = 8,

    /// <summary>Our own fault.</summary>
    Internal = 9,

    /// <summary>The address is one that must not be contacted: loopback, private, link-local, or our own.</summary>
    ForbiddenAddress = 10,

    /// <summary>The remote did not accept our credentials, or offered no way to give them safely (RFC 4954).</summary>
    Authentication = 11,

    /// <summary>The name service's answer, or a policy the domain published, allows none of its hosts (RFC 8461 §5, RFC 7672 §2).</summary>
    TlsPolicy = 12,
}
