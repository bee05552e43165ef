namespace Orleans.Mail.Transport.Receiving;

/// <summary>The argument of MAIL and RCPT (RFC 5321 §4.1.2): a path in angle brackets, then parameters.</summary>
static class PathSyntax
{
    public static bool TryParse(string argument, string keyword, out string path, out string[] parameters)
    {
        path = "";
        parameters = [];
        if (!argument.StartsWith(keyword, StringComparison.OrdinalIgnoreCase)) return false;
        var rest = argument.AsSpan(keyword.Length).TrimStart(' ');
        if (rest.IsEmpty || rest[0] != '<') return false;
        var end = EndOf(rest);
        if (end < 0) return false;
        path = rest[1..end].ToString();
        parameters = rest[(end + 1)..].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return rest.Length == end + 1 || rest[end + 1] == ' ';
    }

    // A quoted local part may hold an angle bracket.
    static int EndOf(ReadOnlySpan<char> text)
    {
        var isQuoted = false;
        for (var i = 1; i < text.Length; i++)
        {
            if (isQuoted && text[i] == '\\') i++;
            else if (text[i] == '"') isQuoted = !isQuoted;
            else if (text[i] == '>' && !isQuoted) return i;
        }

        return -1;
    }
}
