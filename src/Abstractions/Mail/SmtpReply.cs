using System.Text;

namespace Orleans.Mail;

/// <summary>What a receiving host said (RFC 5321 §4.2): code, enhanced status code where it gave one (RFC 3463), text.</summary>
/// <param name="Code">Three digits.</param>
/// <param name="Text">Text of all lines, joined by newlines, without code and enhanced code; bounded and printable (<see cref="Create"/>).</param>
/// <param name="Enhanced">Such as <c>5.1.1</c>; null when absent.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SmtpReply")]
public sealed record SmtpReply(
    [property: Id(0)] int Code,
    [property: Id(1)] string Text,
    [property: Id(2)] EnhancedStatus? Enhanced = null)
{
    /// <summary>Longest text kept, in characters. Remote text is untrusted and is stored with the message.</summary>
    public const int MaxTextLength = 1024;

    /// <summary>A reply from raw remote text: takes the enhanced code off its front, drops control characters, bounds its length.</summary>
    public static SmtpReply Create(int code, string? text)
    {
        var clean = Printable(text ?? "");
        var enhanced = EnhancedStatus.TryParsePrefix(clean, out var status, out var rest) && status.Class == code / 100 ? status : (EnhancedStatus?)null;
        if (enhanced is not null) clean = StripFromEachLine(rest, enhanced.Value);
        return new SmtpReply(code, Cut(clean), enhanced);
    }

    /// <summary>2yz (RFC 5321 §4.2.1): done as asked.</summary>
    public bool IsPositive => Code / 100 == 2;

    /// <summary>4yz (RFC 5321 §4.2.1): not now.</summary>
    public bool IsTransient => Code / 100 == 4;

    /// <summary>5yz (RFC 5321 §4.2.1): not ever.</summary>
    public bool IsPermanent => Code / 100 == 5;

    public override string ToString() => Enhanced is { } status ? $"{Code} {status} {Text}" : $"{Code} {Text}";

    static string StripFromEachLine(string text, EnhancedStatus status) => text.Replace($"\n{status} ", "\n", StringComparison.Ordinal);

    static string Printable(string text)
    {
        var result = new StringBuilder(Math.Min(text.Length, MaxTextLength * 2));
        foreach (var rune in text.EnumerateRunes())
        {
            if (result.Length >= MaxTextLength * 2) break;
            if (rune.Value is '\n') result.Append('\n');
            else if (rune.Value is '\r') continue;
            else if (Rune.IsControl(rune) || IsDirective(rune) || rune == Rune.ReplacementChar) result.Append('?');
            else result.Append(rune.ToString());
        }

        return result.ToString().Trim();
    }

    // Line and paragraph ends, and what turns the direction of writing: text behind it would be shown as other text.
    static bool IsDirective(Rune rune) => rune.Value is 0x061C or 0x200E or 0x200F or >= 0x2028 and <= 0x202E or >= 0x2066 and <= 0x2069;

    static string Cut(string text)
    {
        if (text.Length <= MaxTextLength) return text;
        return char.IsHighSurrogate(text[MaxTextLength - 1]) ? text[..(MaxTextLength - 1)] : text[..MaxTextLength];
    }
}

/// <summary>An enhanced mail system status code (RFC 3463 §2), such as 4.2.2.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.EnhancedStatus")]
public readonly record struct EnhancedStatus([property: Id(0)] int Class, [property: Id(1)] int Subject, [property: Id(2)] int Detail)
{
    /// <summary>Reads a code at the start of a reply's text, followed by a space or the end.</summary>
    public static bool TryParsePrefix(string text, out EnhancedStatus status, out string rest)
    {
        status = default;
        rest = text;
        var end = text.AsSpan().IndexOfAny(' ', '\n');
        var word = end < 0 ? text.AsSpan() : text.AsSpan(0, end);
        Span<Range> parts = stackalloc Range[4];
        if (word.Length > 9 || word.Split(parts, '.') != 3) return false;
        if (!TryNumber(word[parts[0]], 1, out var @class) || @class is not (2 or 4 or 5)) return false;
        if (!TryNumber(word[parts[1]], 3, out var subject) || !TryNumber(word[parts[2]], 3, out var detail)) return false;
        status = new EnhancedStatus(@class, subject, detail);
        rest = end < 0 ? "" : text[(end + 1)..];
        return true;
    }

    public override string ToString() => $"{Class}.{Subject}.{Detail}";

    static bool TryNumber(ReadOnlySpan<char> digits, int maxDigits, out int value)
    {
        value = 0;
        if (digits.IsEmpty || digits.Length > maxDigits) return false;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit(digit)) return false;
            value = value * 10 + (digit - '0');
        }

        return true;
    }
}
