using MimeKit;

namespace Orleans.Mail.Drafts;

/// <summary>The addresses of a draft, parsed for the header.</summary>
sealed class DraftAddresses
{
    DraftAddresses(MailboxAddress? from, IReadOnlyList<MailboxAddress> to, IReadOnlyList<MailboxAddress> cc, IReadOnlyList<MailboxAddress> bcc, IReadOnlyList<MailboxAddress> replyTo) =>
        (From, To, Cc, Bcc, ReplyTo) = (from, to, cc, bcc, replyTo);

    public MailboxAddress? From { get; }

    public IReadOnlyList<MailboxAddress> To { get; }

    public IReadOnlyList<MailboxAddress> Cc { get; }

    public IReadOnlyList<MailboxAddress> Bcc { get; }

    public IReadOnlyList<MailboxAddress> ReplyTo { get; }

    public MailEnvelope Envelope => new(
        From?.Address ?? "",
        [.. To.Concat(Cc).Concat(Bcc).Select(mailbox => mailbox.Address).Distinct(StringComparer.Ordinal)]);

    public IEnumerable<MailboxAddress> Shown => To.Concat(Cc).Concat(ReplyTo).Prepend(From!);

    public static DraftAddresses Parse(MailDraft draft, List<SubmitFault> faults)
    {
        var from = draft.From is null ? [] : ParseAll(nameof(draft.From), [draft.From], faults);
        return new DraftAddresses(
            from.FirstOrDefault(),
            ParseAll(nameof(draft.To), draft.To, faults),
            ParseAll(nameof(draft.Cc), draft.Cc, faults),
            ParseAll(nameof(draft.Bcc), draft.Bcc, faults),
            ParseAll(nameof(draft.ReplyTo), draft.ReplyTo, faults));
    }

    static List<MailboxAddress> ParseAll(string field, IReadOnlyList<string> texts, List<SubmitFault> faults)
    {
        var result = new List<MailboxAddress>(texts.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            var name = field == nameof(MailDraft.From) ? field : $"{field}[{i}]";
            if (string.IsNullOrWhiteSpace(texts[i])) faults.Add(new SubmitFault(name, "is empty"));
            else if (HeaderText.HasControl(texts[i])) faults.Add(new SubmitFault(name, HeaderText.ControlProblem));
            else if (!MailboxAddress.TryParse(texts[i], out var mailbox) || !mailbox.Address.Contains('@', StringComparison.Ordinal)) faults.Add(new SubmitFault(name, "is not an address, nor a name with an address in angle brackets"));
            else result.Add(mailbox);
        }

        return result;
    }
}
