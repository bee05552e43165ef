using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Orleans.Mail;

/// <summary>
/// An RFC 5321 mailbox: a local part and a domain. The domain is kept as lower-case A-labels; the local part as given.
/// Parsing is the only way to get one, so no control character, space or angle bracket can reach a command (RFC 5321 §4.1.2, RFC 6531 §3.3).
/// </summary>
[GenerateSerializer, Immutable, Alias("mail.v1.Mailbox")]
public sealed record Mailbox
{
    /// <summary>Longest local part in octets (RFC 5321 §4.5.3.1.1).</summary>
    public const int MaxLocalPartOctets = 64;

    /// <summary>Longest domain in octets (RFC 1035 §2.3.4 less the root label).</summary>
    public const int MaxDomainOctets = 253;

    /// <summary>Longest address in octets: a path of 256 with its angle brackets (RFC 5321 §4.5.3.1.3).</summary>
    public const int MaxAddressOctets = 254;

    Mailbox(string localPart, string domain)
    {
        LocalPart = localPart;
        Domain = domain;
    }

    [Id(0)] public string LocalPart { get; }

    [Id(1)] public string Domain { get; }

    /// <summary>Whether the local part needs SMTPUTF8 (RFC 6531). The domain never does.</summary>
    public bool NeedsSmtpUtf8 => !Ascii.IsValid(LocalPart);

    public override string ToString() => $"{LocalPart}@{Domain}";

    public static Mailbox Parse(string address) =>
        TryParse(address, out var mailbox, out var problem) ? mailbox : throw new FormatException(problem);

    /// <param name="address">A bare address: no display name, no angle brackets, no route.</param>
    /// <param name="mailbox">The parsed address.</param>
    /// <param name="problem">Why not, without repeating the address.</param>
    public static bool TryParse(string? address, [NotNullWhen(true)] out Mailbox? mailbox, [NotNullWhen(false)] out string? problem)
    {
        mailbox = null;
        if (string.IsNullOrEmpty(address)) return Fail("is empty", out problem);
        if (address.Length > MaxAddressOctets * 4) return Fail($"is longer than {MaxAddressOctets} octets", out problem);
        var at = address.LastIndexOf('@');
        if (at < 0) return Fail("has no @", out problem);
        var local = address[..at];
        if (!IsLocalPart(local, out problem)) return false;
        if (!TryParseDomain(address[(at + 1)..], out var domain, out problem)) return false;
        if (Encoding.UTF8.GetByteCount(local) + 1 + domain.Length > MaxAddressOctets) return Fail($"is longer than {MaxAddressOctets} octets", out problem);
        mailbox = new Mailbox(local, domain);
        problem = null;
        return true;
    }

    static bool IsLocalPart(string local, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (local.Length == 0) return Fail("has no local part", out problem);
        foreach (var rune in local.EnumerateRunes())
            if (rune.Value < ' ' || rune.Value == 0x7F || rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate)
                return Fail("has a control character or broken Unicode in its local part", out problem);
            else if (rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) or 0x200E or 0x200F or 0x061C)
                return Fail("has a character in its local part that turns the direction of text", out problem);
        if (Encoding.UTF8.GetByteCount(local) > MaxLocalPartOctets) return Fail($"has a local part of more than {MaxLocalPartOctets} octets", out problem);
        return local[0] == '"' ? IsQuotedString(local, out problem) : IsDotString(local, out problem);
    }

    // RFC 5321 §4.1.2 Dot-string, with RFC 6531 §3.3 UTF8-non-ascii in atoms.
    static bool IsDotString(string local, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal)) return Fail("has an empty part between dots; quote it", out problem);
        foreach (var character in local)
            if (character < 0x80 && !char.IsAsciiLetterOrDigit(character) && !".!#$%&'*+-/=?^_`{|}~".Contains(character, StringComparison.Ordinal))
                return Fail("has a character in its local part that must be quoted", out problem);
        return true;
    }

    // RFC 5321 §4.1.2 Quoted-string: printable characters, quote and backslash escaped.
    static bool IsQuotedString(string local, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (local.Length < 2 || local[^1] != '"') return Fail("has an unterminated quoted local part", out problem);
        for (var i = 1; i < local.Length - 1; i++)
        {
            if (local[i] == '"') return Fail("has an unescaped quote in its local part", out problem);
            if (local[i] == '\\' && ++i == local.Length - 1) return Fail("has an unterminated quoted local part", out problem);
        }

        return true;
    }

    /// <summary>A domain as lower-case A-labels without a trailing dot.</summary>
    public static bool TryParseDomain(string text, [NotNullWhen(true)] out string? domain, [NotNullWhen(false)] out string? problem)
    {
        domain = null;
        if (text.Length == 0) return Fail("has no domain", out problem);
        if (text.Length > MaxDomainOctets) return Fail($"has a domain of more than {MaxDomainOctets} octets", out problem);
        if (text[0] == '[') return Fail("has an address literal for a domain, which this service does not send to", out problem);
        if ((Ascii.IsValid(text) ? text.ToLowerInvariant() : InternationalDomain.ToAscii(text)) is not { } ascii)
            return Fail("has a domain that is not a plain internationalized name; write it as A-labels", out problem);
        if (ascii.Length > MaxDomainOctets) return Fail($"has a domain of more than {MaxDomainOctets} octets", out problem);
        foreach (var label in ascii.Split('.'))
        {
            if (label.Length is 0 or > 63) return Fail("has an empty label, or one over 63 octets, in its domain", out problem);
            if (label[0] == '-' || label[^1] == '-') return Fail("has a label that starts or ends with a hyphen in its domain", out problem);
            foreach (var character in label)
                if (!char.IsAsciiLetterOrDigit(character) && character != '-')
                    return Fail("has a character in its domain that host names do not have", out problem);
        }

        // RFC 3696 §2: else it is an address, which RFC 5321 §4.1.3 wants in brackets.
        if (!ascii.AsSpan(ascii.LastIndexOf('.') + 1).ContainsAnyExceptInRange('0', '9')) return Fail("has a domain that ends in a number", out problem);
        if (!InternationalDomain.IsDecodable(ascii)) return Fail("has a domain with an A-label that is none", out problem);
        domain = ascii;
        problem = null;
        return true;
    }

    static bool Fail(string reason, out string problem)
    {
        problem = reason;
        return false;
    }
}
