using System.Text;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>What went over one connection, or over the part of it inside TLS, and what follows from it. Shares no code with the client.</summary>
sealed class Exchange(bool hasGreeting)
{
    static readonly string[] Verbs = ["EHLO ", "HELO ", "STARTTLS", "MAIL ", "RCPT ", "DATA", "RSET", "QUIT"];

    public MemoryStream Heard { get; } = new();

    public MemoryStream Said { get; } = new();

    /// <summary>The connection was reset, so that what the client had said may have been lost on the way.</summary>
    public bool WasReset { get; set; }

    public static bool IsCommand(string line) => line == "." || Array.Exists(Verbs, verb => line.StartsWith(verb, StringComparison.Ordinal));

    /// <summary>The code that answered the end of data of the transaction from a sender, by counting commands and replies; null for none.</summary>
    public int? EndOfDataCode(string sender)
    {
        var commands = Lines(Heard).Where(IsCommand).ToList();
        var mail = commands.FindIndex(line => line.StartsWith($"MAIL FROM:<{sender}>", StringComparison.Ordinal));
        var dot = commands.IndexOf(".", Math.Max(mail, 0));
        return dot < 0 ? null : ReplyCodes().Select(code => (int?)code).ElementAtOrDefault(dot + (hasGreeting ? 1 : 0));
    }

    /// <summary>What a sender's transaction had between DATA and the end of data; null while there was no end.</summary>
    public byte[]? Content(string sender)
    {
        var text = Encoding.Latin1.GetString(Heard.ToArray());
        var mail = text.IndexOf($"MAIL FROM:<{sender}>", StringComparison.Ordinal);
        if (mail < 0) return null;
        // The next transaction is behind this one's end, or this one had none.
        if (text.IndexOf("\r\nMAIL FROM:<", mail, StringComparison.Ordinal) is > 0 and var next) text = text[..(next + 2)];
        var data = text.IndexOf("\r\nDATA\r\n", mail, StringComparison.Ordinal);
        // The search begins at the line end of DATA, so that an end of data without content is found.
        var end = data < 0 ? -1 : text.IndexOf("\r\n.\r\n", data + 6, StringComparison.Ordinal);
        return end < 0 ? null : Encoding.Latin1.GetBytes(text[Math.Min(data + 8, end + 2)..(end + 2)]);
    }

    /// <summary>Codes of whole replies, up to the first thing that is none.</summary>
    IEnumerable<int> ReplyCodes()
    {
        foreach (var line in Lines(Said))
        {
            if (line.Length < 3 || !line[..3].All(char.IsAsciiDigit) || (line.Length > 3 && line[3] is not (' ' or '-'))) yield break;
            if (line.Length == 3 || line[3] == ' ') yield return int.Parse(line.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    static IEnumerable<string> Lines(MemoryStream octets)
    {
        var lines = Encoding.Latin1.GetString(octets.ToArray()).Split('\n');
        // What follows the last line feed is no line yet.
        return lines.SkipLast(1).Select(line => line.TrimEnd('\r'));
    }
}
