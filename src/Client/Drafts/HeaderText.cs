namespace Orleans.Mail.Drafts;

/// <summary>What may stand in a header field (RFC 5322 §2.2). A line end there would start a field of somebody else's choosing.</summary>
static class HeaderText
{
    public const string ControlProblem = "has a line end or another control character";

    public static bool HasControl(string text)
    {
        foreach (var character in text)
            if (character is (< ' ' and not '\t') or '\x7F')
                return true;
        return false;
    }

    /// <summary>RFC 5322 §3.6.8: printable US-ASCII without the colon.</summary>
    public static bool IsFieldName(string text)
    {
        if (text.Length is 0 or > 77) return false;
        foreach (var character in text)
            if (character is <= ' ' or >= '\x7F' or ':')
                return false;
        return true;
    }
}
