using System.Globalization;
using System.Text;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>Parameters of MAIL and RCPT that ask for delivery status notifications (RFC 3461 §4).</summary>
static class DsnParameters
{
    public static string OfMailFrom(DsnRequest dsn)
    {
        var ret = dsn.ReturnFull ? " RET=FULL" : " RET=HDRS";
        return dsn.EnvelopeId is { } id ? $"{ret} ENVID={ToXtext(id)}" : ret;
    }

    public static string OfRecipient(DsnRequest dsn, string recipient)
    {
        // The type rfc822 has no place for other than ASCII; without ORCPT the path itself is the original.
        var original = Ascii.IsValid(recipient) ? $" ORCPT=rfc822;{ToXtext(recipient)}" : "";
        return $" NOTIFY={Notify(dsn.Notify)}{original}";
    }

    // RFC 3461 §4.1: NEVER stands alone.
    static string Notify(DsnNotify notify)
    {
        if (notify == DsnNotify.Never) return "NEVER";
        var words = new List<string>(3);
        if (notify.HasFlag(DsnNotify.Success)) words.Add("SUCCESS");
        if (notify.HasFlag(DsnNotify.Failure)) words.Add("FAILURE");
        if (notify.HasFlag(DsnNotify.Delay)) words.Add("DELAY");
        return string.Join(',', words);
    }

    /// <summary>RFC 3461 §4: plus, equals and what is not printable in two hexadecimal digits, upper case.</summary>
    static string ToXtext(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (letter is > ' ' and <= '~' and not ('+' or '=')) result.Append(letter);
            else result.Append('+').Append(((int)letter).ToString("X2", CultureInfo.InvariantCulture));
        }

        return result.ToString();
    }
}
