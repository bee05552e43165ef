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
public sealed record SmtpTarget(string Host, IPAddress Address, int Port, TlsMode Tls)
{
    /// <summary>TLS from the first octet (RFC 8314 §3.3) instead of STARTTLS.</summary>
    public bool IsTlsImplicit { get; init; }

    /// <summary>Names of which the certificate must carry one, under <see cref="TlsMode.Verified"/> and for DANE usage 2; empty for <see cref="Host"/>.</summary>
    public IReadOnlyList<string> CertificateNames { get; init; } = [];

    /// <summary>Under <see cref="TlsMode.Dane"/>: the usable records, of which one must match.</summary>
    public IReadOnlyList<TlsaRecord> Tlsa { get; init; } = [];

    /// <summary>Local address to dial from; null for the machine's choice.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Credentials of a relay; given only over verified TLS. Null for none.</summary>
    public SmtpLogin? Login { get; init; }

    /// <summary>The operator named this address (a relay, a fixed route): it may be private. All others are checked before they are dialled.</summary>
    public bool IsAddressTrusted { get; init; }
}

/// <summary>What TLS must be on a connection.</summary>
public enum TlsMode : byte
{
    /// <summary>STARTTLS where offered, any certificate; plaintext otherwise (RFC 7435).</summary>
    Opportunistic,

    /// <summary>Never.</summary>
    None,

    /// <summary>Always, with any certificate.</summary>
    Required,

    /// <summary>Always, with a certificate that is valid for the host.</summary>
    Verified,

    /// <summary>Always, with a certificate that TLSA records vouch for (RFC 7672).</summary>
    Dane,
}

/// <summary>A TLSA record (RFC 6698 §2.1).</summary>
public sealed record TlsaRecord(byte Usage, byte Selector, byte MatchingType, System.Collections.Immutable.ImmutableArray<byte> Data);

/// <summary>How to log in to a relay (RFC 4954).</summary>
/// <param name="User">User name.</param>
/// <param name="Secret">Password, or token for XOAUTH2; asked for at each login, so that it may be rotated.</param>
/// <param name="Mechanism">PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256 or XOAUTH2; null for the strongest that is offered, XOAUTH2 excepted.</param>
public sealed record SmtpLogin(string User, Func<CancellationToken, ValueTask<string>> Secret, string? Mechanism = null)
{
    // The secret is behind a function, and the user is not for logs either.
    public override string ToString() => "login";
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

    /// <summary>TLS version, cipher and what was verified; null for plaintext.</summary>
    string? Tls { get; }

    /// <summary>Whether this is plaintext to a host that had TLS before.</summary>
    bool IsTlsLost => false;

    /// <summary>Whether the certificate was checked, and by what.</summary>
    TlsProof TlsProof => TlsProof.None;

    /// <summary>What the remote announced to take (RFC 9422, RFC 1870).</summary>
    RemoteLimits Limits => RemoteLimits.None;

    /// <summary>Whether another transaction may be tried. False after a 421, a lost connection, or a poisoned reply stream.</summary>
    bool IsUsable { get; }

    /// <summary>Transactions so far.</summary>
    int TransactionCount { get; }

    /// <summary>MAIL, RCPT, DATA and content. A remote's failure is a value; only bugs throw.</summary>
    Task<AttemptTranscript> SendAsync(SmtpTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Says QUIT and closes; waits a few seconds at most for the reply (RFC 5321 §4.1.1.10).</summary>
    Task QuitAsync();
}

/// <summary>What vouches for the remote's certificate.</summary>
public enum TlsProof : byte
{
    /// <summary>Nothing, or there is no TLS.</summary>
    None,

    /// <summary>A chain to a trusted root, and the name.</summary>
    Certificate,

    /// <summary>TLSA records.</summary>
    Dane,
}

/// <summary>Limits a remote announced.</summary>
/// <param name="MaxMessages">Transactions in one connection (MAILMAX); null for none announced.</param>
/// <param name="MaxRecipients">Recipients of one transaction (RCPTMAX); null for none announced.</param>
/// <param name="MaxRecipientDomains">Recipient domains of one transaction (RCPTDOMAINMAX); null for none announced.</param>
/// <param name="MaxBytes">Octets of a message (SIZE); null for none announced.</param>
public sealed record RemoteLimits(int? MaxMessages, int? MaxRecipients, int? MaxRecipientDomains, long? MaxBytes)
{
    public static RemoteLimits None { get; } = new(null, null, null, null);
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

    /// <summary>Delivery status notifications to ask for, where the remote offers DSN (RFC 3461); null for none.</summary>
    public DsnRequest? Dsn { get; init; }

    /// <summary>Whether only a remote that offers REQUIRETLS, over authenticated TLS, may have it (RFC 8689 §4.2).</summary>
    public bool RequireTls { get; init; }

    /// <summary>Called when the remote waits for content, before any is sent: what takes a while may begin here. Must not throw.</summary>
    public Action? BeforeContent { get; init; }

    /// <summary>Called once, after the last octet of content and before the end of data is sent, which waits for it. If it fails, the end of data is not sent and the connection is dropped.</summary>
    public Func<Task>? BeforeEndOfData { get; init; }
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
