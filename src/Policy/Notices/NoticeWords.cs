using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Notices;

/// <summary>The part of a notice that people read.</summary>
static class NoticeWords
{
    public static string Subject(NoticeKinds kind) => kind == NoticeKinds.Failure ? "Your message was not delivered" : "Your message is late";

    public static void Write(NoticeText text, MessageState state, Notice notice, NoticeSettings settings)
    {
        text.Line($"This is the mail service of {settings.Domain}.").Line();
        if (notice.Kind == NoticeKinds.Failure)
            text.Words("", "Your message could not be delivered to the recipients below. It will not be tried again for them.");
        else
            text.Words("", $"Your message has not been delivered to the recipients below yet. You need to do nothing: it is tried again until {NoticeText.Readable(state.ExpiresAt)}.");
        text.Line();
        text.Line($"Message:  {state.Id}");
        text.Line($"Accepted: {NoticeText.Readable(state.AcceptedAt)}");
        foreach (var index in notice.Recipients) WriteRecipient(text.Line(), state, state.Recipients[index], settings);
    }

    static void WriteRecipient(NoticeText text, MessageState state, RecipientRecord recipient, NoticeSettings settings)
    {
        text.Words("", $"<{recipient.Address}>");
        if (Reason(recipient) is { Length: > 0 } reason) text.Words("  ", reason);
        var attempt = DeliveryReport.LastAttempt(state, recipient);
        if (attempt is not null)
        {
            var times = recipient.AttemptCount == 1 ? "once" : $"{recipient.AttemptCount} times";
            var host = attempt.Host is { } name && DeliveryReport.IsHost(name) ? $", at the host {name}" : "";
            text.Words("  ", $"Tried {times}, last on {NoticeText.Readable(attempt.StartedAt)}{host}.");
        }

        if (recipient.LastReply is not { } reply) return;
        text.Line("  The host said:");
        text.Words("    ", text.Clean(reply.ToString(), settings.MaxReplyLength));
    }

    static string Reason(RecipientRecord recipient)
    {
        var cause = recipient.Category switch
        {
            Categories.InvalidRecipient => "There is no such address.",
            Categories.MailboxFull => "The mailbox is full.",
            Categories.MailboxUnavailable => "The mailbox does not take mail.",
            Categories.Greylisted => "The receiving host asks for patience before it takes mail from us.",
            Categories.RateLimited => "The receiving host takes only so much mail at a time.",
            Categories.BlockedSource => "The receiving host does not take mail from our network address.",
            Categories.SenderRejected => "The receiving host does not accept the sender's address or its authentication.",
            Categories.ContentRejected => "The receiving host does not accept what the message holds.",
            Categories.PolicyRejected => "The receiving host does not accept the message.",
            Categories.Dns => "The name service gave no usable answer about the recipient's domain.",
            Categories.NoMailService => "The recipient's domain takes no mail.",
            Categories.ForbiddenAddress => "The recipient's domain names only hosts that must not be contacted.",
            Categories.Connection => "The receiving host could not be reached.",
            Categories.Tls => "No connection of the necessary safety could be had.",
            Categories.TooLarge => "The message is larger than the receiving host takes.",
            Categories.MissingExtension => "The receiving host lacks something that the message needs.",
            Categories.RemoteTrouble => "The receiving host is in trouble.",
            Categories.InDoubt => "It is not known whether the receiving host took the message.",
            _ => "",
        };
        return recipient.Fate == Fate.Expired ? $"Its time is over. {cause}".TrimEnd() : cause;
    }
}
