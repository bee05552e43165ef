using System.Globalization;
using System.Text;

namespace Orleans.Mail.Cli.Output;

/// <summary>An event in one line of text.</summary>
static class EventLine
{
    // A reply of many lines would bury the events around it.
    const int MaxReplyLength = 70;

    public static string Of(DeliveryEvent item)
    {
        var line = new StringBuilder().Append(item.At.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)).Append("  ").Append(item.Type.Name.PadRight(10));
        if (item.Attempt > 0) line.Append("  attempt ").Append(item.Attempt);
        if (item.Recipient is { } recipient) line.Append("  ").Append(recipient);
        if (item.Reply is { } reply) line.Append("  ").Append(Short(reply));
        if (item.Category is { } category) line.Append("  (").Append(category).Append(')');
        if (item.NextAttemptAt is { } next) line.Append("  next in ").Append(Span(next - item.At));
        return line.ToString().TrimEnd();
    }

    public static string Short(SmtpReply reply)
    {
        var text = reply.ToString().ReplaceLineEndings(" ").TrimEnd();
        return text.Length <= MaxReplyLength ? text : text[..(MaxReplyLength - 1)] + "…";
    }

    /// <summary>A span in the largest unit that tells enough.</summary>
    public static string Span(TimeSpan span)
    {
        if (span < TimeSpan.Zero) span = TimeSpan.Zero;
        return span.TotalSeconds < 90 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Round(span.TotalSeconds)} s")
            : span.TotalMinutes < 90 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Round(span.TotalMinutes)} min")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Round(span.TotalHours)} h");
    }
}
