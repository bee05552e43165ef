namespace Orleans.Mail.Drafts;

/// <summary>Makes the request of a draft, or tells everything that is wrong with it.</summary>
static class DraftReader
{
    public static SubmitRequest Read(MailDraft draft, MailClientOptions options, TimeProvider clock, string? traceParent)
    {
        var faults = new List<SubmitFault>();
        DraftFaults.FindInOptions(draft, faults);
        DraftAddresses? addresses = null;
        if (draft.Content is null)
        {
            DraftFaults.FindInFields(draft, faults);
            addresses = DraftAddresses.Parse(draft, faults);
        }
        else
        {
            DraftFaults.FindInReady(draft, faults);
        }

        var envelope = draft.Envelope ?? addresses?.Envelope;
        if (envelope is null || envelope.Recipients.Count == 0) faults.Add(new SubmitFault(draft.Envelope is null ? nameof(draft.To) : nameof(draft.Envelope), "names no recipient"));
        if (faults.Count > 0) throw MailException.Invalid(faults);

        var tenant = draft.Tenant ?? options.Tenant;
        var id = draft.IdempotencyKey is { } key ? MessageId.FromKey(tenant, key) : MessageId.New(clock);
        var now = clock.GetUtcNow();
        var digest = addresses is null ? null : DraftDigest.Of(draft, envelope!);
        var content = draft.Content ?? DraftRenderer.Render(draft, addresses!, id, digest!, now);
        if (content.Length > options.MaxContentBytes)
            throw new MailException(MailErrorCode.TooLarge, $"The content has {content.Length} octets; this client sends at most {options.MaxContentBytes}.") { Id = id };
        return new SubmitRequest
        {
            Id = id,
            Tenant = tenant,
            IdempotencyKey = draft.IdempotencyKey,
            From = envelope!.From,
            Recipients = [.. envelope.Recipients],
            Content = content,
            Priority = draft.Priority,
            Campaign = draft.Campaign,
            Tags = [.. draft.Tags],
            Metadata = draft.Metadata is null ? null : new Dictionary<string, string>(draft.Metadata),
            SendAt = draft.SendAt,
            ExpiresAt = draft.ExpiresAt ?? (now + draft.ExpiresAfter),
            Doubt = draft.Doubt,
            DoubtWait = draft.DoubtWait,
            Notices = draft.Notices,
            Dsn = draft.Dsn,
            RequireTls = draft.RequireTls,
            Window = draft.Window,
            RecipientTimeZones = draft.RecipientTimeZones is null ? null : new Dictionary<string, string>(draft.RecipientTimeZones),
            Route = draft.Route,
            TraceParent = traceParent,
            ContentDigest = digest,
        };
    }
}
