using System.Buffers;
using System.Text;

namespace Orleans.Mail.Policy.Submission;

/// <summary>What one pass over the content's octets found. Offsets are -1 where there is no such thing.</summary>
readonly record struct ContentScan(int BareCr, int BareLf, int Nul, int LongLine, bool HasEightBit, bool EndsWithLineEnd)
{
    static readonly SearchValues<byte> Breaks = SearchValues.Create([0, (byte)'\r', (byte)'\n']);

    // Broken content is looked at a little further for other faults, not to its end: what is wrong is known.
    const int MoreAfterFault = 64 * 1024;

    public bool IsClean => (BareCr & BareLf & Nul & LongLine) == -1;

    /// <summary>
    /// Stray CR and LF are refused, not mended: receivers disagree on what ends a line, and with it on what ends the message
    /// ("SMTP smuggling", RFC 5321 §2.3.8 and §4.1.1.4).
    /// </summary>
    public static ContentScan Of(ReadOnlySpan<byte> content, int maxLineOctets)
    {
        int bareCr = -1, bareLf = -1, nul = -1, longLine = -1, lineStart = 0, firstFault = int.MaxValue;
        for (var at = 0; at < content.Length;)
        {
            var next = content[at..].IndexOfAny(Breaks);
            at = next < 0 ? content.Length : at + next;
            if (longLine < 0 && at - lineStart > maxLineOctets) longLine = lineStart;
            if (next < 0) break;
            if (content[at] == '\r' && at + 1 < content.Length && content[at + 1] == '\n')
            {
                at += 2;
                lineStart = at;
                continue;
            }

            Note(ref content[at] == 0 ? ref nul : ref content[at] == '\r' ? ref bareCr : ref bareLf, at);
            if (firstFault == int.MaxValue) firstFault = at;
            if (content[at] != 0) lineStart = at + 1;
            if (++at - firstFault > MoreAfterFault) break;
        }

        return new ContentScan(bareCr, bareLf, nul, longLine, !Ascii.IsValid(content), content.EndsWith("\r\n"u8));
    }

    static void Note(ref int place, int at)
    {
        if (place < 0) place = at;
    }
}
