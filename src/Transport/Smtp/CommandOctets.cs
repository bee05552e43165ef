using System.Globalization;
using System.Text;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>A command would have had octets that no command may have.</summary>
sealed class UnfitCommandException() : IOException("A command has characters that no command may have.");

/// <summary>The last check before octets leave. Addresses and content are judged when a message is accepted; what slips through, here it ends.</summary>
static class CommandOctets
{
    /// <summary>Printable ASCII, or printable UTF-8 where SMTPUTF8 is on (RFC 5321 §4.1.2, RFC 6531 §3.3).</summary>
    public static bool AreFit(ReadOnlySpan<byte> command, bool isUtf8Allowed)
    {
        if (!command.ContainsAnyExceptInRange((byte)' ', (byte)'~')) return true;
        while (!command.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(command, out var rune, out var length) != System.Buffers.OperationStatus.Done || !IsFit(rune, isUtf8Allowed)) return false;
            command = command[length..];
        }

        return true;
    }

    /// <summary>Why a transaction must not begin; null when it may.</summary>
    public static string? FaultOf(SmtpTransaction transaction)
    {
        if (!IsPath(transaction.From, transaction.NeedsSmtpUtf8)) return "The sender is no address that can be said.";
        if (!transaction.Recipients.All(recipient => IsPath(recipient, transaction.NeedsSmtpUtf8))) return "A recipient is no address that can be said.";
        if (transaction.Dsn?.EnvelopeId is { } id && !id.All(static letter => letter is > ' ' and <= '~')) return "The envelope id has characters that ENVID does not take.";
        if (!DotStuffing.HasOnlyWholeLineEnds(transaction.Content.Span)) return "The content has a CR or an LF that stands alone.";
        // RFC 5321 §4.5.2: some receivers drop it, and see an end of data where there was none.
        return transaction.Content.Span.Contains((byte)0) ? "The content has a NUL." : null;
    }

    /// <summary>Whether a path stays inside its brackets: no space and no bracket outside quotes, quotes that end, and nothing that is not to be printed.</summary>
    static bool IsPath(string path, bool isUtf8Allowed)
    {
        var (isQuoted, isEscaped) = (false, false);
        var rest = path.AsSpan();
        while (!rest.IsEmpty)
        {
            // Half a surrogate pair is no character.
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != System.Buffers.OperationStatus.Done || !IsFit(rune, isUtf8Allowed)) return false;
            rest = rest[length..];
            if (isEscaped) isEscaped = false;
            else if (isQuoted && rune.Value == '\\') isEscaped = true;
            else if (rune.Value == '"') isQuoted = !isQuoted;
            else if (!isQuoted && rune.Value is ' ' or '<' or '>') return false;
        }

        return !isQuoted;
    }

    static bool IsFit(Rune rune, bool isUtf8Allowed) =>
        rune.IsAscii ? rune.Value is >= ' ' and <= '~'
        : isUtf8Allowed && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
