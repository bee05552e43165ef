using System.Text;
using System.Text.Unicode;

namespace Orleans.Mail.Policy.Submission;

/// <summary>Reads the header of content whose line ends are sound (RFC 5322 §2.2).</summary>
static class HeaderScan
{
    /// <summary>Octets of the header with its line ends; the empty line is not part of it. Adds faults.</summary>
    /// <param name="content">All of the content.</param>
    /// <param name="limits">Caps of the header.</param>
    /// <param name="faults">Where faults go.</param>
    /// <param name="isEnded">Whether an empty line follows.</param>
    public static int Scan(ReadOnlySpan<byte> content, SubmissionLimits limits, FaultList faults, out bool isEnded)
    {
        isEnded = false;
        var fields = new FieldCounts();
        var lines = 0;
        var received = 0;
        var at = 0;
        while (at < content.Length && !isEnded)
        {
            var rest = content[at..];
            var end = rest.IndexOf("\r\n"u8);
            var line = end < 0 ? rest : rest[..end];
            if (line.IsEmpty)
            {
                isEnded = true;
                break;
            }

            if (++lines > limits.MaxHeaderLines) return Stop(faults, $"has a header of more than {FaultList.Number(limits.MaxHeaderLines)} lines", at);
            if (ProblemOf(line, lines == 1) is { } problem) return Stop(faults, $"{problem}, at octet {FaultList.Number(at)}", at);
            // RFC 5321 §6.3.
            if (IsField(line, "Received:"u8) && ++received > limits.MaxReceivedFields)
                return Stop(faults, $"has more than {FaultList.Number(limits.MaxReceivedFields)} Received fields; it goes round in a loop", at);
            fields.Count(line);
            at += end < 0 ? line.Length : line.Length + 2;
            if (at > limits.MaxHeaderBytes) return Stop(faults, $"has a header of more than {FaultList.Number(limits.MaxHeaderBytes)} octets", at);
        }

        if (lines == 0) faults.Add("content", "has no header; start with lines such as From, Date and Subject (RFC 5322 §3.6)");
        else fields.AddFaults(faults);
        if (!Utf8.IsValid(content[..at])) faults.Add("content", "has octets in its header that are neither ASCII nor UTF-8; use encoded words (RFC 2047)");
        return at;
    }

    static bool IsField(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) => line.Length >= name.Length && Ascii.EqualsIgnoreCase(line[..name.Length], name);

    static int Stop(FaultList faults, string problem, int at)
    {
        faults.Add("content", problem);
        return at;
    }

    static string? ProblemOf(ReadOnlySpan<byte> line, bool isFirst)
    {
        if (line[0] is (byte)' ' or (byte)'\t')
        {
            if (isFirst) return "starts with a folded line; the first line names a field";
            // RFC 5322 §3.2.2: to some readers a line of only white space ends the header.
            return line.IndexOfAnyExcept((byte)' ', (byte)'\t') < 0 ? "has a header line of only white space; remove it" : null;
        }

        var colon = line.IndexOf((byte)':');
        if (colon <= 0) return "has a header line without a field name and colon; part header and body by an empty line";
        // RFC 5322 §2.2: printable ASCII without colon and space.
        return line[..colon].IndexOfAnyExceptInRange((byte)33, (byte)126) >= 0 ? "has a field name with a character other than printable ASCII; write Name: value" : null;
    }

    public static bool NeedsUtf8(ReadOnlySpan<byte> header) => !Ascii.IsValid(header);
}
