using System.Buffers;
using System.Globalization;
using System.Text;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Notices;

/// <summary>The part of a notice that programs read (RFC 3464 §2).</summary>
static class DeliveryReport
{
    static readonly SearchValues<char> HostCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]");

    public static void Write(NoticeText text, MessageState state, Notice notice, NoticeSettings settings)
    {
        text.Field("Reporting-MTA", $"dns; {settings.ReportingHost ?? settings.Domain}");
        if (state.Dsn?.EnvelopeId is { } envelopeId) text.Field("Original-Envelope-Id", envelopeId);
        text.Field("Arrival-Date", state.AcceptedAt);
        foreach (var index in notice.Recipients)
        {
            text.Line();
            WriteRecipient(text, state, state.Recipients[index], notice.Kind, settings);
        }
    }

    static void WriteRecipient(NoticeText text, MessageState state, RecipientRecord recipient, NoticeKinds kind, NoticeSettings settings)
    {
        text.Field("Final-Recipient", FinalRecipient(recipient.Address, text.IsUtf8));
        text.Field("Action", kind == NoticeKinds.Failure ? "failed" : "delayed");
        text.Field("Status", StatusOf(recipient, kind, state.RequireTls).ToString());
        var attempt = LastAttempt(state, recipient);
        if (attempt?.Host is { } host && IsHost(host)) text.Field("Remote-MTA", $"dns; {host}");
        if (recipient.LastReply is { } reply) text.Field("Diagnostic-Code", $"smtp; {text.Clean(reply.ToString(), settings.MaxReplyLength)}");
        if (attempt is not null) text.Field("Last-Attempt-Date", attempt.StartedAt + (attempt.Duration ?? TimeSpan.Zero));
        if (kind == NoticeKinds.Delay) text.Field("Will-Retry-Until", state.ExpiresAt);
    }

    /// <summary>
    /// What we found without a reply, whatever was said at earlier attempts; else the remote's own code where it agrees with its reply;
    /// else what the reply code's class says (RFC 3464 §2.3.4).
    /// </summary>
    public static EnhancedStatus StatusOf(RecipientRecord recipient, NoticeKinds kind, bool requiresTls)
    {
        if (OwnRules.StatusOf(recipient.Rule) is { } found) return found;
        var reply = recipient.LastReply;
        if (reply is { Code: >= 400 and <= 599, Enhanced: { } enhanced } && enhanced.Class == reply.Code / 100) return enhanced;
        if (reply is { IsTransient: true } or { IsPermanent: true }) return new(reply.Code / 100, 0, 0);
        if (kind == NoticeKinds.Delay) return new(4, 0, 0);
        return (recipient.Fate, recipient.Category) switch
        {
            // RFC 3463 §3.5: delivery time expired.
            (Fate.Expired, _) => new(4, 4, 7),
            (_, Categories.NoMailService) => new(5, 1, 2),
            (_, Categories.TooLarge) => new(5, 3, 4),
            (_, Categories.MissingExtension) => requiresTls ? new(5, 7, 30) : new(5, 6, 7),
            _ => new(5, 0, 0),
        };
    }

    public static AttemptStatus? LastAttempt(MessageState state, RecipientRecord recipient)
    {
        for (var i = state.History.Length - 1; i >= 0; i--)
            if (state.History[i].Outcomes.Any(outcome => outcome.Recipient == recipient.Address))
                return state.History[i];
        return null;
    }

    public static bool IsHost(string host) => host.Length is > 0 and <= 255 && !host.AsSpan().ContainsAnyExcept(HostCharacters);

    // RFC 6533 §3: an address of other letters is written as they are where the notice may hold them, and else by their numbers.
    static string FinalRecipient(string address, bool isUtf8)
    {
        if (Ascii.IsValid(address)) return $"rfc822; {address}";
        var escaped = new StringBuilder("utf-8; ");
        foreach (var rune in address.EnumerateRunes())
            if ((rune.IsAscii && rune.Value is > ' ' and not '+' and not '=' and not '\\') || (isUtf8 && !rune.IsAscii)) escaped.Append(rune.ToString());
            else escaped.Append(CultureInfo.InvariantCulture, $"\\x{{{rune.Value:X2}}}");
        return escaped.ToString();
    }
}
