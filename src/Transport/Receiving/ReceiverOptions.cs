using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>What a <see cref="SmtpReceiver"/> listens on, offers and bounds.</summary>
public sealed record ReceiverOptions
{
    /// <summary>Address to listen on. Default: loopback, since the receiver takes mail from anyone.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port to listen on; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Name said in the greeting. Default: localhost.</summary>
    public string HostName { get; init; } = "localhost";

    /// <summary>Whether PIPELINING is offered (RFC 2920). Default: yes.</summary>
    public bool OffersPipelining { get; init; } = true;

    /// <summary>Whether 8BITMIME is offered (RFC 6152). Default: yes.</summary>
    public bool OffersEightBitMime { get; init; } = true;

    /// <summary>Whether SMTPUTF8 is offered (RFC 6531). Default: yes.</summary>
    public bool OffersSmtpUtf8 { get; init; } = true;

    /// <summary>Whether SIZE is offered (RFC 1870). Default: yes.</summary>
    public bool OffersSize { get; init; } = true;

    /// <summary>Whether replies have enhanced status codes (RFC 2034). Default: yes.</summary>
    public bool OffersEnhancedStatusCodes { get; init; } = true;

    /// <summary>STARTTLS is offered where there is one.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Largest content in octets. Default 64 MiB.</summary>
    public int MaxContentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Longest command line in octets. Default 4,096.</summary>
    public int MaxLineBytes { get; init; } = 4096;

    /// <summary>Most recipients of a mail. Default 1,000.</summary>
    public int MaxRecipients { get; init; } = 1000;

    /// <summary>Most sessions at a time; more are refused with 421. Default 1,000.</summary>
    public int MaxSessions { get; init; } = 1000;

    /// <summary>How long a client may be silent. Default 5 min (RFC 5321 §4.5.3.2.7).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);
}
