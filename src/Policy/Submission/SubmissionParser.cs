using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Submission;

/// <summary>Decides whether a submission may be accepted, and finds everything that is wrong with it at once. No fault repeats a value.</summary>
public static class SubmissionParser
{
    public static ParseResult Parse(SubmitRequest request, SubmissionLimits limits, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(limits);
        var faults = new FaultList(limits.MaxFaults);
        CheckNames(request, limits, faults);
        var from = ParseFrom(request.From, faults);
        var recipients = ParseRecipients(request.Recipients, limits, faults);
        var (sendAt, expiresAt) = ParseTimes(request, limits, now, faults);
        var timeZones = WishRules.Check(request, limits, faults);
        if (faults.IsEmpty) WishRules.CheckWindowOpens(request.Window, recipients, timeZones, sendAt ?? now, expiresAt, faults);
        var (content, isEightBit, isUtf8Header) = ParseContent(request.Content, limits, faults);
        if (!faults.IsEmpty) return faults.ToResult();
        return new ParseResult
        {
            Submission = new ParsedSubmission
            {
                Id = request.Id,
                Tenant = request.Tenant,
                IdempotencyKey = request.IdempotencyKey,
                From = from,
                Recipients = recipients,
                Content = content,
                NeedsEightBitMime = isEightBit,
                NeedsSmtpUtf8 = isUtf8Header || from is { NeedsSmtpUtf8: true } || recipients.Any(recipient => recipient.NeedsSmtpUtf8),
                Priority = request.Priority,
                Campaign = request.Campaign,
                Tags = request.Tags ?? [],
                Metadata = request.Metadata,
                SendAt = sendAt,
                ExpiresAt = expiresAt,
                Doubt = request.Doubt,
                DoubtWait = request.DoubtWait,
                Notices = request.Notices,
                Dsn = request.Dsn,
                RequireTls = request.RequireTls,
                Window = request.Window,
                TimeZones = timeZones,
                Route = request.Route,
                TraceParent = LabelRules.IsTraceParent(request.TraceParent) ? request.TraceParent : null,
                ContentDigest = request.ContentDigest,
            },
        };
    }

    static void CheckNames(SubmitRequest request, SubmissionLimits limits, FaultList faults)
    {
        LabelRules.CheckTenant(request.Tenant, limits, faults);
        if (request.IdempotencyKey is { } key)
        {
            LabelRules.CheckText("idempotencyKey", key, limits.MaxKeyLength, faults);
            if (faults.IsEmpty && request.Id != MessageId.FromKey(request.Tenant, key)) faults.Add("id", "is not the id of this tenant and idempotency key; derive it with MessageId.FromKey");
        }
        else if (request.Id == default)
        {
            faults.Add("id", "is missing; make one with MessageId.New");
        }

        if (request.Campaign is not null) LabelRules.CheckText("campaign", request.Campaign, limits.MaxCampaignLength, faults);
        LabelRules.CheckTags(request.Tags, limits, faults);
        LabelRules.CheckMetadata(request.Metadata, limits, faults);
        if (request.Priority is not (Priority.Normal or Priority.High or Priority.Bulk)) faults.Add("priority", "is not known; use Normal, High or Bulk");
        if (request.Doubt is not (DoubtPolicy.Retry or DoubtPolicy.Stop)) faults.Add("doubt", "is not known; use Retry or Stop");
        if (request.ContentDigest is { Length: not 32 }) faults.Add("contentDigest", "is not a SHA-256 of 32 octets; leave it out");
    }

    // An empty text is the null sender (RFC 5321 §4.5.5).
    static Mailbox? ParseFrom(string? text, FaultList faults)
    {
        if (text is null) faults.Add("from", "is missing; give an address, or empty text for the null sender");
        else if (text.Length > 0 && !Mailbox.TryParse(text, out _, out var problem)) faults.Add("from", problem);
        else if (text.Length > 0) return Mailbox.Parse(text);
        return null;
    }

    static ImmutableArray<Mailbox> ParseRecipients(string[]? texts, SubmissionLimits limits, FaultList faults)
    {
        if (texts is null or [])
        {
            faults.Add("recipients", "are none; give at least one");
            return [];
        }

        if (texts.Length > limits.MaxRecipients)
            faults.Add("recipients", $"are more than {FaultList.Number(limits.MaxRecipients)}; submit several messages");
        var count = Math.Min(texts.Length, limits.MaxRecipients);
        var mailboxes = ImmutableArray.CreateBuilder<Mailbox>(count);
        var seen = count > 1 ? new HashSet<Mailbox>(count) : null;
        for (var i = 0; i < count; i++)
        {
            if (!Mailbox.TryParse(texts[i], out var mailbox, out var problem)) faults.Add($"recipients[{i}]", problem);
            else if (seen is null || seen.Add(mailbox)) mailboxes.Add(mailbox);
        }

        return mailboxes.DrainToImmutable();
    }

    static (DateTimeOffset? SendAt, DateTimeOffset ExpiresAt) ParseTimes(SubmitRequest request, SubmissionLimits limits, DateTimeOffset now, FaultList faults)
    {
        var sendAt = request.SendAt > now ? request.SendAt.Value.ToUniversalTime() : (DateTimeOffset?)null;
        if (sendAt - now > limits.MaxSendDelay)
        {
            faults.Add("sendAt", $"is more than {FaultList.Number((long)limits.MaxSendDelay.TotalDays)} days away; submit it later");
            sendAt = null;
        }

        var start = sendAt ?? now.ToUniversalTime();
        if (request.ExpiresAt is not { } given) return (sendAt, start + limits.LifetimeOf(request.Priority));
        if (given <= now) faults.Add("expiresAt", "is in the past; leave it out for the default");
        else if (given <= start) faults.Add("expiresAt", "is not after sendAt, so the message could never be sent");
        else if (given - start > limits.MaxLifetime) faults.Add("expiresAt", $"is more than {FaultList.Number((long)limits.MaxLifetime.TotalDays)} days after the send time");
        return (sendAt, given.ToUniversalTime());
    }

    static (byte[] Content, bool IsEightBit, bool IsUtf8Header) ParseContent(byte[]? content, SubmissionLimits limits, FaultList faults)
    {
        if (content is null or [])
        {
            faults.Add("content", "is empty; it starts with a header");
            return ([], false, false);
        }

        if (content.Length > limits.MaxContentBytes)
        {
            faults.AddTooLarge("content", $"is larger than {FaultList.Number(limits.MaxContentBytes)} octets; send a link instead of the attachment");
            return ([], false, false);
        }

        var scan = ContentScan.Of(content, limits.MaxLineOctets);
        if (!scan.IsClean) AddContentFaults(scan, limits, faults);
        // Where line ends are unsound, what a header line is depends on the reader.
        if ((scan.BareCr & scan.BareLf & scan.Nul) != -1) return ([], false, false);
        var headerBytes = HeaderScan.Scan(content, limits, faults, out var isEnded);
        var isUtf8Header = scan.HasEightBit && HeaderScan.NeedsUtf8(content.AsSpan(0, headerBytes));
        return (Complete(content, scan.EndsWithLineEnd, isEnded), scan.HasEightBit, isUtf8Header);
    }

    static void AddContentFaults(ContentScan scan, SubmissionLimits limits, FaultList faults)
    {
        if (scan.BareCr >= 0) faults.Add("content", $"has a CR without LF at octet {FaultList.Number(scan.BareCr)}; end lines with CRLF");
        if (scan.BareLf >= 0) faults.Add("content", $"has a LF without CR at octet {FaultList.Number(scan.BareLf)}; end lines with CRLF");
        if (scan.Nul >= 0) faults.Add("content", $"has a NUL at octet {FaultList.Number(scan.Nul)}; encode binary parts as base64");
        if (scan.LongLine >= 0)
            faults.Add("content", $"has a line of more than {FaultList.Number(limits.MaxLineOctets)} octets, starting at octet {FaultList.Number(scan.LongLine)}; fold it, or encode it as quoted-printable or base64");
    }

    // RFC 5321 §4.1.1.4: the last line has its CRLF; RFC 5322 §2.1: an empty line parts header and body, and without it a relay may add it.
    static byte[] Complete(byte[] content, bool endsWithLineEnd, bool isEnded)
    {
        var missing = (endsWithLineEnd ? 0 : 2) + (isEnded ? 0 : 2);
        if (missing == 0) return content;
        var completed = new byte[content.Length + missing];
        content.CopyTo(completed, 0);
        for (var i = content.Length; i < completed.Length; i += 2)
        {
            completed[i] = (byte)'\r';
            completed[i + 1] = (byte)'\n';
        }

        return completed;
    }
}
