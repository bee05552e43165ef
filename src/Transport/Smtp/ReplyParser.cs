using System.Text;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>The remote sent what is no SMTP reply, or one without bound.</summary>
sealed class ReplyFormatException(string message) : IOException(message);

/// <summary>Reads replies (RFC 5321 §4.2) out of octets that come in pieces of any size. Holds at most one unfinished line and one bounded text.</summary>
sealed class ReplyParser(int maxLineBytes, int maxReplyBytes, int maxLines)
{
    readonly byte[] _line = new byte[maxLineBytes];
    readonly ReplyMemo _memo = new();
    StringBuilder? _text;
    int _lineLength;
    int _replyBytes;
    int _lines;
    int _code;

    /// <summary>Whether a reply has begun and not ended.</summary>
    public bool IsInReply => _lineLength > 0 || _lines > 0;

    /// <summary>The text of the last reply of several lines, as it came; a kept reply is shorter.</summary>
    public string LongText { get; private set; } = "";

    /// <summary>Takes octets until a reply is complete; null when there are not enough.</summary>
    public SmtpReply? Read(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        while (consumed < input.Length)
        {
            var rest = input[consumed..];
            var end = rest.IndexOf((byte)'\n');
            var taken = end < 0 ? rest.Length : end + 1;
            _replyBytes += taken;
            if (_lineLength + taken > maxLineBytes) throw new ReplyFormatException("The remote sent an overlong reply line.");
            if (_replyBytes > maxReplyBytes) throw new ReplyFormatException("The remote sent an overlong reply.");
            consumed += taken;
            if (end < 0 || _lineLength > 0)
            {
                rest[..taken].CopyTo(_line.AsSpan(_lineLength));
                _lineLength += taken;
                if (end < 0) return null;
            }

            var line = _lineLength > 0 ? _line.AsSpan(0, _lineLength) : rest[..taken];
            _lineLength = 0;
            if (EndLine(line) is { } reply) return reply;
        }

        return null;
    }

    SmtpReply? EndLine(ReadOnlySpan<byte> line)
    {
        if (_lines == 0 && _memo.Find(line) is { } known) return Finish(known);
        var text = line.TrimEnd("\r\n"u8);
        if (text.Length < 3 || !TryCode(text, out var code)) throw new ReplyFormatException("The remote sent something that is not an SMTP reply.");
        var isLast = text.Length == 3 || text[3] == ' ';
        if (!isLast && text[3] != '-') throw new ReplyFormatException("The remote sent something that is not an SMTP reply.");
        if (_lines > 0 && code != _code) throw new ReplyFormatException("The remote changed the code inside a reply.");
        if (++_lines > maxLines) throw new ReplyFormatException("The remote sent a reply of too many lines.");
        _code = code;
        var words = text.Length > 4 ? Encoding.UTF8.GetString(text[4..]) : "";
        if (isLast && _lines == 1) return Finish(_memo.Keep(line, SmtpReply.Create(code, words)));
        _text ??= new StringBuilder();
        if (_lines > 1) _text.Append('\n');
        _text.Append(words);
        if (!isLast) return null;
        LongText = _text.ToString();
        return Finish(SmtpReply.Create(code, LongText));
    }

    SmtpReply Finish(SmtpReply reply)
    {
        if (_lines < 2) LongText = "";
        _text = null;
        _replyBytes = _lines = _code = 0;
        return reply;
    }

    static bool TryCode(ReadOnlySpan<byte> text, out int code)
    {
        code = 0;
        for (var i = 0; i < 3; i++)
        {
            if (!char.IsAsciiDigit((char)text[i])) return false;
            code = code * 10 + (text[i] - '0');
        }

        return true;
    }
}
