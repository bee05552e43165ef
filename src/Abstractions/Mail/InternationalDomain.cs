using System.Globalization;
using System.Text;

namespace Orleans.Mail;

/// <summary>
/// Domains beyond ASCII, to A-labels (RFC 5891 §5). The runtime has no normalization tables where globalization is invariant, so what would need them to
/// get its one form is refused, never guessed: two spellings of a domain must not become two domains.
/// </summary>
static class InternationalDomain
{
    static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    // Full-width forms of printable ASCII (RFC 5895 §2.3), and their distance from it.
    const int WideFirst = 0xFF01;
    const int WideLast = 0xFF5E;
    const int WideOffset = 0xFEE0;

    /// <summary>Null when it has no A-label form that is certain.</summary>
    public static string? ToAscii(string text)
    {
        try
        {
            var mapped = Map(text.Normalize(NormalizationForm.FormC));
            return mapped.EnumerateRunes().All(IsPlain) && !HasLooseMark(mapped) ? Idn.GetAscii(mapped) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether labels that begin with xn-- are Punycode at all (RFC 3492). What they stand for is their registry's matter.</summary>
    public static bool IsDecodable(string ascii)
    {
        if (!ascii.Contains("xn--", StringComparison.Ordinal)) return true;
        try
        {
            return Idn.GetUnicode(ascii).Length > 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    static string Map(string text)
    {
        var mapped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var narrow = rune.Value is >= WideFirst and <= WideLast ? new Rune(rune.Value - WideOffset) : rune.Value == 0x3002 ? new Rune('.') : rune;
            mapped.Append(Rune.ToLowerInvariant(narrow));
        }

        return mapped.ToString();
    }

    // RFC 5892 §2.1: letters in lower case, marks and digits. Symbols, joiners, direction controls and soft hyphens are not among them.
    static bool IsPlain(Rune rune) => rune.IsAscii || (!IsCompatibilityForm(rune.Value) && Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.LowercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter or
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.DecimalDigitNumber);

    // Blocks of letters that are other letters in another dress, or parts of a syllable: letterlike symbols, ligatures and presentation forms, half widths, mathematical letters, conjoining jamo.
    static bool IsCompatibilityForm(int value) => value is
        (>= 0x1100 and <= 0x11FF) or (>= 0x1D2C and <= 0x1DBF) or (>= 0x2070 and <= 0x214F) or (>= 0x3130 and <= 0x318F)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0xFB00 and <= 0xFDFF) or (>= 0xFE70 and <= 0xFEFF) or (>= 0xFF00 and <= 0xFFEF)
        or (>= 0x1D400 and <= 0x1D7FF) or (>= 0x2F800 and <= 0x2FA1F);

    // A mark that its letter should have been composed with (NFC).
    static bool HasLooseMark(string text) => text.AsSpan().IndexOfAnyInRange('\u0300', '\u036F') >= 0;
}
