using System.Net;

namespace Orleans.Mail.Transport;

/// <summary>Opens SMTP sessions. Transcribes what happens; never classifies.</summary>
public interface ISmtpConnector
{
    /// <summary>Dials one address, reads the greeting, says EHLO, negotiates TLS. A remote's failure is a value; only bugs and cancellation throw.</summary>
    Task<ConnectResult> ConnectAsync(SmtpTarget target, CancellationToken cancellationToken);
}

/// <summary>Where to connect and how.</summary>
/// <param name="Host">Name for TLS and for the record.</param>
/// <param name="Address">Address to dial.</param>
/// <param name="Port">Port to dial.</param>
/// <param name="Tls">What TLS must be.</param>
public sealed record SmtpTarget(string Host, IPAddress Address, int Port, TlsMode Tls);

public enum TlsMode : byte
{
    /// <summary>STARTTLS where offered, any certificate; plaintext otherwise (RFC 7435).</summary>
    Opportunistic,

    /// <summary>Never.</summary>
    None,
}

/// <summary>A session, or why there is none. Exactly one of the two is set.</summary>
public sealed record ConnectResult(ISmtpSession? Session, SessionFailure? Failure);

/// <summary>What ended a session or a transaction, and how far it had come.</summary>
/// <param name="Phase">What was being done.</param>
/// <param name="Kind">What broke.</param>
/// <param name="Reply">The remote's words, where it said any.</param>
/// <param name="Detail">Our words for the timeline; no addresses, no content.</param>
public sealed record SessionFailure(SmtpPhase Phase, SessionFailureKind Kind, SmtpReply? Reply, string Detail);

/// <summary>One SMTP connection, used for one transaction after another. Not for concurrent use.</summary>
public interface ISmtpSession : IAsyncDisposable
{
    string Host { get; }

    /// <summary>TLS version and cipher; null for plaintext.</summary>
    string? Tls { get; }

    /// <summary>Whether another transaction may be tried. False after a 421, a lost connection, or a poisoned reply stream.</summary>
    bool IsUsable { get; }

    /// <summary>Transactions so far.</summary>
    int TransactionCount { get; }

    /// <summary>MAIL, RCPT, DATA and content. A remote's failure is a value; only bugs throw.</summary>
    Task<AttemptTranscript> SendAsync(SmtpTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Says QUIT and closes; waits a few seconds at most for the reply (RFC 5321 §4.1.1.10).</summary>
    Task QuitAsync();
}

/// <summary>One mail transaction (RFC 5321 §3.3).</summary>
public sealed record SmtpTransaction
{
    /// <summary>Reverse path without brackets; empty for the null sender.</summary>
    public required string From { get; init; }

    /// <summary>Forward paths without brackets.</summary>
    public required IReadOnlyList<string> Recipients { get; init; }

    /// <summary>Octets to send: CRLF line ends, final CRLF included, not dot-stuffed.</summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Whether the content has octets above 127, so that 8BITMIME is needed (RFC 6152).</summary>
    public required bool NeedsEightBitMime { get; init; }

    /// <summary>Whether an address or a header needs SMTPUTF8 (RFC 6531).</summary>
    public required bool NeedsSmtpUtf8 { get; init; }

    /// <summary>Called once, after the last octet of content and before the end of data is sent. If it throws, the end of data is not sent and the connection is dropped.</summary>
    public Action? BeforeEndOfData { get; init; }
}

/// <summary>Everything a transaction brought to light; nothing of what it means.</summary>
public sealed record AttemptTranscript
{
    public SmtpReply? MailFromReply { get; init; }

    /// <summary>One per recipient, in order; null where none came.</summary>
    public required IReadOnlyList<SmtpReply?> RecipientReplies { get; init; }

    /// <summary>Reply to DATA, when it was not 354.</summary>
    public SmtpReply? DataReply { get; init; }

    /// <summary>Reply to the end of data.</summary>
    public SmtpReply? EndOfDataReply { get; init; }

    /// <summary>What broke, if something did.</summary>
    public SessionFailure? Failure { get; init; }

    /// <summary>The end of data was, or may have been, sent and no reply to it came.</summary>
    public bool IsInDoubt { get; init; }
}
