using System.Text;

namespace Orleans.Mail.Acceptance.Tests.Interop;

/// <summary>What a mail server kept in a maildir, without what it put on top.</summary>
/// <param name="Recipient">Whom it was kept for.</param>
/// <param name="Content">As it came over the wire.</param>
sealed record KeptMail(string Recipient, byte[] Content)
{
    // RFC 5321 §4.4, Postfix's virtual(8), Exim's appendfile.
    static readonly string[] Prepended = ["Return-Path:", "X-Original-To:", "Delivered-To:", "Envelope-to:", "Received:"];

    public string LocalPart => Recipient[..Recipient.IndexOf('@', StringComparison.Ordinal)];

    /// <summary>Queued is not yet kept: waits for so many files.</summary>
    public static async Task<IReadOnlyList<KeptMail>> ReadAsync(string maildir, int count, TimeSpan limit)
    {
        var start = TimeProvider.System.GetTimestamp();
        var folder = Path.Combine(maildir, "new");
        while (!Directory.Exists(folder) || Directory.GetFiles(folder).Length < count)
        {
            if (TimeProvider.System.GetElapsedTime(start) > limit) throw new TimeoutException($"Not every one of {count} messages was kept.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return [.. Directory.GetFiles(folder).Select(file => Read(File.ReadAllBytes(file)))];
    }

    static KeptMail Read(byte[] file)
    {
        // A maildir has LF line ends; nothing submitted has a stray LF or CR, so the way back is exact.
        var text = Encoding.Latin1.GetString(file).Replace("\n", "\r\n", StringComparison.Ordinal);
        var recipient = "";
        while (Array.Find(Prepended, name => text.StartsWith(name, StringComparison.OrdinalIgnoreCase)) is { } field)
        {
            var end = text.IndexOf("\r\n", StringComparison.Ordinal) + 2;
            if (field is "Delivered-To:" or "Envelope-to:") recipient = text[field.Length..end].Trim();
            while (text[end] is ' ' or '\t') end = text.IndexOf("\r\n", end, StringComparison.Ordinal) + 2;
            text = text[end..];
        }

        return new KeptMail(recipient, Encoding.Latin1.GetBytes(text));
    }
}
