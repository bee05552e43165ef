using System.Collections.Immutable;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Policy.Submission;

/// <summary>Rules of how a message wants to be treated: doubt, notices, DSN, window, time zones, route.</summary>
static class WishRules
{
    // RFC 3461 §4.4.
    const int MaxEnvelopeIdLength = 100;

    /// <summary>Adds faults; returns the time zones of recipients.</summary>
    public static ImmutableDictionary<Mailbox, string> Check(SubmitRequest request, SubmissionLimits limits, FaultList faults)
    {
        CheckDoubtWait(request, limits, faults);
        if (request.Notices is { } notices && (notices & ~(NoticeKinds.Failure | NoticeKinds.Delay)) != 0) faults.Add("notices", "are not known; use None, Failure and Delay");
        if (request.Dsn is not null) CheckDsn(request.Dsn, faults);
        if (request.Window is not null) CheckWindow(request.Window, limits, faults);
        LabelRules.CheckRoute(request.Route, limits, faults);
        return ParseTimeZones(request, limits, faults);
    }

    /// <summary>A window that opens for a recipient only after the message has expired is a mistake to be told now.</summary>
    public static void CheckWindowOpens(
        SendWindow? window,
        ImmutableArray<Mailbox> recipients,
        ImmutableDictionary<Mailbox, string> timeZones,
        DateTimeOffset start,
        DateTimeOffset expiresAt,
        FaultList faults)
    {
        if (window is null) return;
        var zones = recipients.Select(recipient => timeZones.GetValueOrDefault(recipient, window.TimeZone)).Distinct();
        if (zones.Any(zone => SendWindowCalendar.Next(window, zone, start) >= expiresAt))
            faults.Add("window", "does not open for every recipient before the message expires");
    }

    static void CheckDoubtWait(SubmitRequest request, SubmissionLimits limits, FaultList faults)
    {
        if (request.DoubtWait is not { } wait) return;
        if (request.Doubt == DoubtPolicy.Stop) faults.Add("doubtWait", "has no meaning when a doubt stops the message; leave it out");
        else if (wait < TimeSpan.Zero) faults.Add("doubtWait", "is negative");
        else if (wait > limits.MaxDoubtWait) faults.Add("doubtWait", $"is more than {FaultList.Number((long)limits.MaxDoubtWait.TotalDays)} days");
    }

    static void CheckDsn(DsnRequest dsn, FaultList faults)
    {
        if ((dsn.Notify & ~(DsnNotify.Success | DsnNotify.Failure | DsnNotify.Delay)) != 0) faults.Add("dsn.notify", "is not known; use Never, or Success, Failure and Delay");
        if (dsn.EnvelopeId is not { } id) return;
        if (id.Length is 0 or > MaxEnvelopeIdLength) faults.Add("dsn.envelopeId", $"has not 1 to {MaxEnvelopeIdLength} characters");
        else if (id.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0) faults.Add("dsn.envelopeId", "has a character other than printable ASCII");
    }

    static void CheckWindow(SendWindow window, SubmissionLimits limits, FaultList faults)
    {
        if (!SendWindowCalendar.IsTimeZone(window.TimeZone)) faults.Add("window.timeZone", "is not an IANA time zone; use a name such as Europe/Berlin");
        if (window.From != window.Until && window.Until - window.From < limits.MinWindow) faults.Add("window", $"is shorter than {limits.MinWindow.TotalMinutes} minutes");
        if (window.Days is { Length: > 7 } || window.Days?.Any(day => !Enum.IsDefined(day)) == true) faults.Add("window.days", "holds more than seven days, or one that is not a day of the week");
    }

    static ImmutableDictionary<Mailbox, string> ParseTimeZones(SubmitRequest request, SubmissionLimits limits, FaultList faults)
    {
        var zones = ImmutableDictionary<Mailbox, string>.Empty;
        if (request.RecipientTimeZones is not { Count: > 0 } given) return zones;
        if (request.Window is null) faults.Add("recipientTimeZones", "have no meaning without a window; leave them out");
        if (given.Count > limits.MaxRecipients)
        {
            faults.Add("recipientTimeZones", $"are more than {FaultList.Number(limits.MaxRecipients)}");
            return zones;
        }

        var recipients = (request.Recipients ?? []).Take(limits.MaxRecipients).Select(text => Mailbox.TryParse(text, out var mailbox, out _) ? mailbox : null).ToHashSet();
        var builder = zones.ToBuilder();
        foreach (var (address, zone) in given)
        {
            if (!Mailbox.TryParse(address, out var mailbox, out _) || !recipients.Contains(mailbox)) faults.Add("recipientTimeZones", "has an entry for an address that is not among the recipients");
            else if (!SendWindowCalendar.IsTimeZone(zone)) faults.Add("recipientTimeZones", "has an entry that is not an IANA time zone; use a name such as Europe/Berlin");
            else builder[mailbox] = zone;
        }

        return builder.ToImmutable();
    }
}
