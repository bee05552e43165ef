namespace Orleans.Mail.Drafts;

/// <summary>What the client can tell by itself to be wrong with a draft. The service answers for the rest.</summary>
static class DraftFaults
{
    // Rendered from other fields of the draft, or from its parts.
    static readonly string[] Reserved = ["From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "MIME-Version"];

    public static void FindInFields(MailDraft draft, List<SubmitFault> faults)
    {
        if (string.IsNullOrWhiteSpace(draft.From)) Add(nameof(draft.From), "is missing");
        if (draft.Text is null && draft.Html is null && draft.Attachments.Count == 0) Add(nameof(draft.Text), "is missing, and so are Html and Attachments: a message needs one of them");
        if (draft.Subject is not null && HeaderText.HasControl(draft.Subject)) Add(nameof(draft.Subject), HeaderText.ControlProblem);
        foreach (var (name, value) in draft.Headers)
        {
            if (!HeaderText.IsFieldName(name)) Add(nameof(draft.Headers), "holds a name that is not a field name of RFC 5322");
            else if (Reserved.Contains(name, StringComparer.OrdinalIgnoreCase) || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)) Add($"Headers[{name}]", "is rendered from the draft's own fields: set those");
            else if (value is null) Add($"Headers[{name}]", "is null");
            else if (HeaderText.HasControl(value)) Add($"Headers[{name}]", HeaderText.ControlProblem);
        }

        for (var i = 0; i < draft.Attachments.Count; i++) FindInAttachment($"Attachments[{i}]", draft.Attachments[i], faults);

        void Add(string field, string problem) => faults.Add(new SubmitFault(field, problem));
    }

    public static void FindInReady(MailDraft draft, List<SubmitFault> faults)
    {
        if (draft.Content!.Length == 0) faults.Add(new SubmitFault(nameof(draft.Content), "is empty"));
        if (draft.Subject is not null || draft.Text is not null || draft.Html is not null || draft.From is not null || draft.Date is not null
            || draft.To.Count + draft.Cc.Count + draft.Bcc.Count + draft.ReplyTo.Count + draft.Attachments.Count + draft.Headers.Count > 0)
            faults.Add(new SubmitFault(nameof(draft.Content), "is ready: fields that describe a message cannot be set beside it"));
    }

    public static void FindInOptions(MailDraft draft, List<SubmitFault> faults)
    {
        if (draft.IdempotencyKey is { Length: 0 or > 256 }) faults.Add(new SubmitFault(nameof(draft.IdempotencyKey), "must have 1 to 256 characters"));
        if (draft.Tenant is { Length: 0 }) faults.Add(new SubmitFault(nameof(draft.Tenant), "is empty: leave it null for the default"));
        if (draft is { ExpiresAt: not null, ExpiresAfter: not null }) faults.Add(new SubmitFault(nameof(draft.ExpiresAfter), "cannot be given together with ExpiresAt"));
        if (draft is { DoubtWait: not null, Doubt: DoubtPolicy.Stop }) faults.Add(new SubmitFault(nameof(draft.DoubtWait), "has no meaning when a doubt stops the message"));
        if (draft.DoubtWait < TimeSpan.Zero) faults.Add(new SubmitFault(nameof(draft.DoubtWait), "must not be negative"));
        if (draft is { RecipientTimeZones: not null, Window: null }) faults.Add(new SubmitFault(nameof(draft.RecipientTimeZones), "have no meaning without a Window"));
        if (draft.ExpiresAfter <= TimeSpan.Zero) faults.Add(new SubmitFault(nameof(draft.ExpiresAfter), "must be more than zero"));
    }

    static void FindInAttachment(string field, MailAttachment attachment, List<SubmitFault> faults)
    {
        if (string.IsNullOrWhiteSpace(attachment.Name) || HeaderText.HasControl(attachment.Name)) faults.Add(new SubmitFault(field, "needs a name without control characters"));
        if (attachment.Content is null) faults.Add(new SubmitFault(field, "has no content"));
        if (attachment.ContentType is not null && !MimeKit.ContentType.TryParse(attachment.ContentType, out _)) faults.Add(new SubmitFault(field, "has a content type that is not one of RFC 2045"));
        if (attachment.ContentId is not null && (attachment.ContentId.Length == 0 || attachment.ContentId.AsSpan().IndexOfAny(' ', '<', '>') >= 0 || HeaderText.HasControl(attachment.ContentId))) faults.Add(new SubmitFault(field, "has a content id with a space, an angle bracket or a control character"));
    }
}
