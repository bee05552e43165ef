namespace Orleans.Mail.Transport.Smtp;

/// <summary>Transparency of content (RFC 5321 §4.5.2): a line that starts with a dot gets one more.</summary>
static class DotStuffing
{
    /// <summary>Copies content from an offset to the buffer until either ends. A line starts at the start of content and behind CRLF, and nowhere else.</summary>
    public static void Fill(ReadOnlySpan<byte> content, ref int offset, Span<byte> buffer, ref int length)
    {
        while (offset < content.Length && length < buffer.Length)
        {
            if (content[offset] == '.' && IsLineStart(content, offset))
            {
                // Both dots at once, so that a full buffer never parts them.
                if (buffer.Length - length < 2) return;
                buffer[length++] = (byte)'.';
                buffer[length++] = (byte)'.';
                offset++;
                continue;
            }

            var count = Math.Min(CountToNextDottedLine(content, offset), buffer.Length - length);
            content.Slice(offset, count).CopyTo(buffer[length..]);
            offset += count;
            length += count;
        }
    }

    static bool IsLineStart(ReadOnlySpan<byte> content, int offset) =>
        offset == 0 || (offset >= 2 && content[offset - 1] == '\n' && content[offset - 2] == '\r');

    static int CountToNextDottedLine(ReadOnlySpan<byte> content, int offset)
    {
        // A buffer may have ended between CR and LF.
        if (content[offset] == '\n' && offset > 0 && content[offset - 1] == '\r') return 1;
        var next = content[offset..].IndexOf("\r\n."u8);
        return next < 0 ? content.Length - offset : next + 2;
    }

    /// <summary>Whether every CR stands before an LF and every LF behind a CR. Others make some receivers see an end of data that is none.</summary>
    public static bool HasOnlyWholeLineEnds(ReadOnlySpan<byte> content)
    {
        while (true)
        {
            var next = content.IndexOfAny((byte)'\r', (byte)'\n');
            if (next < 0) return true;
            if (content[next] == '\n' || next + 1 == content.Length || content[next + 1] != '\n') return false;
            content = content[(next + 2)..];
        }
    }
}
