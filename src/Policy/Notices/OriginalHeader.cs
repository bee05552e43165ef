using System.Text;

namespace Orleans.Mail.Policy.Notices;

/// <summary>The header of the message that a notice is about.</summary>
static class OriginalHeader
{
    const int LongestMessageId = 250;

    /// <summary>As many whole lines as fit; other octets than ASCII as question marks unless <paramref name="isUtf8"/>.</summary>
    public static string Take(ReadOnlySpan<byte> content, int maxBytes, bool isUtf8)
    {
        var at = 0;
        while (at < content.Length)
        {
            var end = content[at..].IndexOf("\r\n"u8);
            if (end <= 0 || at + end + 2 > maxBytes) break;
            at += end + 2;
        }

        var header = content[..at];
        return isUtf8 ? Encoding.UTF8.GetString(header) : Encoding.ASCII.GetString(header);
    }

    /// <summary>Its Message-ID with angle brackets; null for none that may stand in a field of ours.</summary>
    public static string? MessageId(string header)
    {
        const string Name = "Message-ID:";
        foreach (var line in header.Split("\r\n"))
        {
            if (!line.StartsWith(Name, StringComparison.OrdinalIgnoreCase)) continue;
            var id = line[Name.Length..].Trim();
            return id.Length is > 2 and <= LongestMessageId && id[0] == '<' && id[^1] == '>'
                && id.AsSpan(1, id.Length - 2).IndexOfAnyExceptInRange('!', '~') < 0 && id.AsSpan(1, id.Length - 2).IndexOfAny('<', '>') < 0 ? id : null;
        }

        return null;
    }
}
