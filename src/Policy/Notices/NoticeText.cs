using System.Globalization;
using System.Text;

namespace Orleans.Mail.Policy.Notices;

/// <summary>
/// The lines of a notice. Everything that comes from outside passes here: control characters and, in a 7-bit notice, all but ASCII become question marks,
/// and lines are folded well below the limit (RFC 5322 §2.1.1), so that no text starts a line, a field or a part of its own.
/// </summary>
sealed class NoticeText(bool isUtf8)
{
    const int FoldAt = 76;
    const int LongestWord = 900;

    readonly StringBuilder _text = new();

    public bool IsUtf8 => isUtf8;

    public NoticeText Line(string line = "")
    {
        _text.Append(line).Append("\r\n");
        return this;
    }

    /// <summary>Words of ours or of others, folded, each line after <paramref name="indent"/>.</summary>
    public NoticeText Words(string indent, string words) => Fold(indent, indent, words);

    /// <summary>A field; continuation lines start with a space.</summary>
    public NoticeText Field(string name, string value) => Fold($"{name}: ", " ", value);

    public NoticeText Field(string name, DateTimeOffset time) => Field(name, Date(time));

    public override string ToString() => _text.ToString();

    public byte[] ToOctets() => isUtf8 ? Encoding.UTF8.GetBytes(ToString()) : Encoding.ASCII.GetBytes(ToString());

    /// <summary>RFC 5322 §3.3.</summary>
    public static string Date(DateTimeOffset time) => time.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);

    public static string Readable(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>On one line, with nothing in it but what may be printed.</summary>
    public string Clean(string words, int maxLength)
    {
        var clean = new StringBuilder(Math.Min(words.Length, maxLength));
        foreach (var rune in words.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > maxLength) break;
            if (rune.Value is ' ' or '\n' or '\t') clean.Append(' ');
            else if (rune.Value is 0x2028 or 0x2029 || rune == Rune.ReplacementChar || Rune.IsControl(rune) || (!isUtf8 && !rune.IsAscii)) clean.Append('?');
            else clean.Append(rune.ToString());
        }

        return clean.ToString();
    }

    NoticeText Fold(string first, string next, string words)
    {
        var length = first.Length;
        _text.Append(first);
        var isStart = true;
        foreach (var word in Clean(words, int.MaxValue).Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(word => word.Chunk(LongestWord)))
        {
            if (!isStart && length + 1 + word.Length > FoldAt)
            {
                _text.Append("\r\n").Append(next);
                length = next.Length;
            }
            else if (!isStart)
            {
                _text.Append(' ');
                length++;
            }

            _text.Append(word);
            length += word.Length;
            isStart = false;
        }

        return Line();
    }
}
