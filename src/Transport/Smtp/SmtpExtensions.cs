using System.Collections.Immutable;
using System.Globalization;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>What the remote offered in an EHLO reply (RFC 5321 §4.1.1.1); nothing after HELO.</summary>
sealed record SmtpExtensions
{
    public static SmtpExtensions None { get; } = new();

    public bool HasPipelining { get; private init; }

    public bool HasEightBitMime { get; private init; }

    public bool HasSmtpUtf8 { get; private init; }

    public bool HasDsn { get; private init; }

    public bool HasRequireTls { get; private init; }

    public bool HasSize { get; private init; }

    public bool HasLimits { get; private init; }

    public RemoteLimits Limits { get; private init; } = RemoteLimits.None;

    /// <summary>Mechanisms of AUTH (RFC 4954 §3).</summary>
    public ImmutableArray<string> Mechanisms { get; private init; } = [];

    /// <summary>Reads the text of a reply to EHLO, codes taken off; the first line is a greeting.</summary>
    public static SmtpExtensions Parse(string text) => text.Split('\n').Skip(1).Aggregate(None, static (offered, line) => offered.With(line.Trim()));

    SmtpExtensions With(string line)
    {
        // "AUTH=PLAIN" is an old way to write it, and still seen.
        var end = line.AsSpan().IndexOfAny(' ', '=');
        var (keyword, argument) = end < 0 ? (line, "") : (line[..end], line[(end + 1)..].Trim());
        return keyword.ToUpperInvariant() switch
        {
            "PIPELINING" => this with { HasPipelining = true },
            "8BITMIME" => this with { HasEightBitMime = true },
            "SMTPUTF8" => this with { HasSmtpUtf8 = true },
            "DSN" => this with { HasDsn = true },
            "REQUIRETLS" => this with { HasRequireTls = true },
            "SIZE" => this with { HasSize = true, Limits = Limits with { MaxBytes = Size(argument) } },
            "LIMITS" when !HasLimits => this with { HasLimits = true, Limits = LimitsSyntax.Parse(argument) with { MaxBytes = Limits.MaxBytes } },
            "AUTH" => this with { Mechanisms = [.. Mechanisms.Union(argument.ToUpperInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries))] },
            _ => this,
        };
    }

    // RFC 1870 §4: 0, and no number, is no fixed limit.
    static long? Size(string argument) =>
        long.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0 ? size : null;

    /// <summary>Why a transaction cannot be had here at all; null when it can. Octets are never sent where they were not offered a place.</summary>
    public SessionFailure? Refuse(SmtpTransaction transaction, TlsProof proof)
    {
        if (transaction.RequireTls && proof == TlsProof.None) return Refused(SessionFailureKind.MissingExtension, "The message requires TLS with an authenticated remote, which this one is not (RFC 8689).");
        if (transaction.RequireTls && !HasRequireTls) return Missing("REQUIRETLS");
        if (transaction.NeedsSmtpUtf8 && !HasSmtpUtf8) return Missing("SMTPUTF8");
        if (transaction.NeedsEightBitMime && !HasEightBitMime) return Missing("8BITMIME");
        if (transaction.Content.Length > Limits.MaxBytes)
            return Refused(SessionFailureKind.TooLargeForRemote, $"The remote takes {Limits.MaxBytes} octets, the message has {transaction.Content.Length}.");
        return null;
    }

    static SessionFailure Missing(string extension) =>
        Refused(SessionFailureKind.MissingExtension, $"The remote does not offer {extension}, which the message needs.");

    static SessionFailure Refused(SessionFailureKind kind, string detail) => new(SmtpPhase.MailFrom, kind, null, detail);
}
