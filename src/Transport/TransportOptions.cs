namespace Orleans.Mail.Transport;

/// <summary>How sessions with receiving hosts are opened and how long each step may take. Times bound a whole command with its whole reply (RFC 5321 §4.5.3.2), however slowly it drips.</summary>
public sealed class TransportOptions
{
    /// <summary>Where these options are in configuration.</summary>
    public const string Section = "OrleansMail:Transport";

    /// <summary>Name said in EHLO; it should resolve to the sending address. Default: the machine's name, with a warning at start where mail goes to MX hosts and that name is none of the Internet.</summary>
    public string? LocalDomain { get; set; }

    /// <summary>Dialling one address. Default 30 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Waiting for the greeting. Default 5 min.</summary>
    public TimeSpan GreetingTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>EHLO or HELO. Default 5 min.</summary>
    public TimeSpan EhloTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>STARTTLS and its handshake. Default 1 min.</summary>
    public TimeSpan TlsTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>AUTH with all its challenges, and having the secret for it. Default 2 min.</summary>
    public TimeSpan AuthTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>MAIL. Default 5 min.</summary>
    public TimeSpan MailFromTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Each RCPT. Default 5 min.</summary>
    public TimeSpan RecipientTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>DATA. Default 2 min.</summary>
    public TimeSpan DataTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Each 64 KiB of content. Default 3 min.</summary>
    public TimeSpan ContentBlockTimeout { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>Least rate of content in octets a second, from the moment the time for a first block has passed. Default 500.</summary>
    public int MinContentRate { get; set; } = 500;

    /// <summary>The reply to the end of data. Default 10 min; a short one makes duplicates (RFC 5321 §4.5.3.2.6).</summary>
    public TimeSpan EndOfDataTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Saying goodbye. Default 3 s.</summary>
    public TimeSpan QuitTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Longest reply line in octets. Default 4,096.</summary>
    public int MaxReplyLineBytes { get; set; } = 4096;

    /// <summary>Longest reply in octets. Default 32,768.</summary>
    public int MaxReplyBytes { get; set; } = 32 * 1024;

    /// <summary>Most lines of a reply. Default 128.</summary>
    public int MaxReplyLines { get; set; } = 128;

    /// <summary>PEM files with roots to trust beside the machine's, for relays and hosts with a certificate of a private authority. Read at start. Default none.</summary>
    public IList<string> TrustedRoots { get; } = [];

    /// <summary>How long an address where nobody answered is tried after the others. Default 10 min.</summary>
    public TimeSpan DeadAddressMemory { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Most such addresses remembered at a time. Default 10,000.</summary>
    public int MaxDeadAddresses { get; set; } = 10_000;

    /// <summary>How long a host whose TLS broke is spoken to without. Default 1 h.</summary>
    public TimeSpan BrokenTlsMemory { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long it is remembered that a host had TLS, so that its loss is told. Default 30 d.</summary>
    public TimeSpan SeenTlsMemory { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Most hosts with TLS remembered at a time. Default 20,000.</summary>
    public int MaxSeenTlsHosts { get; set; } = 20_000;

    /// <summary>Most hosts with broken TLS remembered at a time. Default 10,000.</summary>
    public int MaxBrokenTlsHosts { get; set; } = 10_000;

    /// <summary>Most recipients of one transaction; a remote may announce fewer (RFC 9422). Default 100, which every remote must take (RFC 5321 §4.5.3.1.8).</summary>
    public int MaxRecipientsPerTransaction { get; set; } = 100;

    /// <summary>Most transactions that one attempt is split into. Default 100; recipients past it wait for the next attempt.</summary>
    public int MaxTransactionsPerAttempt { get; set; } = 100;
}
