using MimeKit;

namespace Orleans.Mail.Drafts;

/// <summary>Writes a message as it is to leave.</summary>
static class MimeText
{
    static readonly FormatOptions Format = MakeFormat(international: false);
    static readonly FormatOptions InternationalFormat = MakeFormat(international: true);

    /// <param name="message">The message.</param>
    /// <param name="international">Whether addresses need a header in UTF-8 (RFC 6532).</param>
    public static byte[] Write(MimeMessage message, bool international = false)
    {
        using var stream = new MemoryStream();
        message.WriteTo(international ? InternationalFormat : Format, stream);
        return stream.ToArray();
    }

    static FormatOptions MakeFormat(bool international)
    {
        // RFC 5321 §2.3.8: lines end in CRLF.
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.EnsureNewLine = true;
        format.International = international;
        format.HiddenHeaders.Add(HeaderId.Bcc);
        format.HiddenHeaders.Add(HeaderId.ResentBcc);
        return format;
    }
}
