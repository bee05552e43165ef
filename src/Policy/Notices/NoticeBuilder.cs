using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Orleans.Mail.Policy.Messages;

namespace Orleans.Mail.Policy.Notices;

/// <summary>
/// Makes notices: multipart/report (RFC 6522) of a text, a delivery status (RFC 3464) and the header of the original; in UTF-8 (RFC 6533) where the
/// sender's own address is. The id follows from the message, the kind and the first recipient told about, which is told only once:
/// made again after a crash it is the same submission.
/// </summary>
public sealed class NoticeBuilder
{
    readonly NoticeSettings _settings;

    public NoticeBuilder(NoticeSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (!Mailbox.TryParseDomain(settings.Domain, out _, out var problem)) throw new ArgumentException($"The domain of notices {problem}.", nameof(settings));
        if (settings.ReportingHost is { } host && !Mailbox.TryParseDomain(host, out _, out problem)) throw new ArgumentException($"The reporting host of notices {problem}.", nameof(settings));
        if (settings.DelayAfter <= TimeSpan.Zero) throw new ArgumentException("The age of a delay notice is more than zero.", nameof(settings));
        if (settings.MaxHeaderBytes < 0 || settings.MaxReplyLength < 0) throw new ArgumentException("The bounds of a notice are not negative.", nameof(settings));
        _settings = settings;
    }

    /// <summary>The notice as a submission: from the null sender, so that nothing answers it (RFC 5321 §4.5.5).</summary>
    /// <param name="state">The message.</param>
    /// <param name="notice">What <see cref="NoticePolicy.Owed"/> said of it.</param>
    /// <param name="content">The message's content, or its beginning.</param>
    /// <param name="now">Date of the notice.</param>
    public SubmitRequest Build(MessageState state, Notice notice, ReadOnlySpan<byte> content, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(notice);
        var kind = notice.Kind == NoticeKinds.Failure ? "failure" : "delay";
        var key = string.Create(CultureInfo.InvariantCulture, $"notice/{kind}/{state.Id}/{notice.Recipients[0]}");
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{state.Tenant}\0{key}"));
        var id = MessageId.FromKey(state.Tenant, key);
        return new SubmitRequest
        {
            Id = id,
            Tenant = state.Tenant,
            IdempotencyKey = key,
            From = "",
            Recipients = [state.From],
            Content = Render(state, notice, id, digest, content, now),
            Campaign = state.Campaign,
            // Its Date differs when it is made again; it is the same notice.
            ContentDigest = digest,
            Notices = NoticeKinds.None,
            // RFC 8689 §5: what came under this promise goes back under it.
            RequireTls = state.RequireTls,
        };
    }

    /// <summary>The address that notices say to be from.</summary>
    public static string SenderAt(string domain) => $"MAILER-DAEMON@{domain}";

    byte[] Render(MessageState state, Notice notice, MessageId id, byte[] digest, ReadOnlySpan<byte> content, DateTimeOffset now)
    {
        var text = new NoticeText(isUtf8: !Ascii.IsValid(state.From));
        var header = OriginalHeader.Take(content, _settings.MaxHeaderBytes, text.IsUtf8);
        var boundary = $"=_{Convert.ToHexStringLower(digest.AsSpan(0, 15))}";
        WriteHeader(text, state, notice, id, boundary, OriginalHeader.MessageId(header), now);
        text.Line().Line($"--{boundary}");
        WritePartHeader(text, text.IsUtf8 ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii");
        NoticeWords.Write(text, state, notice, _settings);
        text.Line().Line($"--{boundary}");
        WritePartHeader(text, text.IsUtf8 ? "message/global-delivery-status" : "message/delivery-status");
        DeliveryReport.Write(text, state, notice, _settings);
        text.Line().Line($"--{boundary}");
        WritePartHeader(text, text.IsUtf8 ? "message/global-headers" : "text/rfc822-headers");
        foreach (var line in header.Split("\r\n", StringSplitOptions.RemoveEmptyEntries)) text.Line(line);
        text.Line().Line($"--{boundary}--");
        return text.ToOctets();
    }

    void WriteHeader(NoticeText text, MessageState state, Notice notice, MessageId id, string boundary, string? originalId, DateTimeOffset now)
    {
        text.Line($"From: Mail Delivery <{SenderAt(_settings.Domain)}>");
        text.Line($"To: <{state.From}>");
        text.Line($"Subject: {NoticeWords.Subject(notice.Kind)}");
        text.Field("Date", now);
        text.Line($"Message-ID: <{id.ToString().ToLowerInvariant()}@{_settings.Domain}>");
        if (originalId is not null) text.Line($"In-Reply-To: {originalId}").Line($"References: {originalId}");
        // RFC 3834 §5: no automatic answer to it.
        text.Line("Auto-Submitted: auto-replied");
        text.Line("MIME-Version: 1.0");
        text.Line("Content-Type: multipart/report; report-type=delivery-status;");
        text.Line($" boundary=\"{boundary}\"");
        if (text.IsUtf8) text.Line("Content-Transfer-Encoding: 8bit");
    }

    static void WritePartHeader(NoticeText text, string type)
    {
        text.Line($"Content-Type: {type}");
        text.Line($"Content-Transfer-Encoding: {(text.IsUtf8 ? "8bit" : "7bit")}").Line();
    }
}
