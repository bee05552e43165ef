namespace Orleans.Mail.Testing;

/// <summary>A message inside a <see cref="FakeMailClient"/>.</summary>
sealed class FakeMessage(SubmitRequest request, byte[] fingerprint, DateTimeOffset acceptedAt)
{
    readonly List<AttemptStatus> _attempts = [];
    MailState _state = MailState.Accepted;
    SmtpReply? _reply;
    DateTimeOffset? _finalAt;

    public SubmitRequest Request { get; } = request;

    public byte[] Fingerprint { get; } = fingerprint;

    public DateTimeOffset AcceptedAt { get; } = acceptedAt;

    public MessageStatus Status => new()
    {
        Id = Request.Id,
        Tenant = Request.Tenant,
        State = _state,
        AcceptedAt = AcceptedAt,
        FinalAt = _finalAt,
        ExpiresAt = Request.ExpiresAt,
        Recipients = [.. Request.Recipients.Select(address => new RecipientStatus { Address = address, State = _state, LastReply = _reply, AttemptCount = _attempts.Count })],
        Attempts = [.. _attempts],
        AttemptCount = _attempts.Count,
        Priority = Request.Priority,
        Campaign = Request.Campaign,
        Tags = Request.Tags,
        Metadata = Request.Metadata,
        IdempotencyKey = Request.IdempotencyKey,
        ContentBytes = Request.Content.Length,
    };

    /// <summary>Goes through what the rule says and yields the events of it.</summary>
    public IEnumerable<DeliveryEvent> Run(FakeRule rule, DateTimeOffset now)
    {
        yield return Event(EventType.Accepted, now);
        for (var i = 0; i < rule.Deferrals; i++)
            foreach (var item in Attempt(EventType.Deferred, MailState.Deferred, rule.DeferReply, now))
                yield return item;
        if (rule.EndsDeferred) yield break;
        var last = rule.BounceReply is { } bounce
            ? Attempt(EventType.Bounced, MailState.Bounced, bounce, now)
            : Attempt(EventType.Delivered, MailState.Delivered, SmtpReply.Create(250, "2.0.0 Ok"), now);
        foreach (var item in last) yield return item;
    }

    public IEnumerable<DeliveryEvent> Cancel(DateTimeOffset now)
    {
        _state = MailState.Cancelled;
        _finalAt = now;
        return [.. Request.Recipients.Select(address => Event(EventType.Cancelled, now) with { Recipient = address })];
    }

    IEnumerable<DeliveryEvent> Attempt(EventType type, MailState state, SmtpReply reply, DateTimeOffset now)
    {
        var number = _attempts.Count + 1;
        _attempts.Add(new AttemptStatus
        {
            Number = number,
            StartedAt = now,
            Duration = TimeSpan.Zero,
            Site = "fake",
            Host = "fake",
            Outcomes = [.. Request.Recipients.Select(address => new AttemptOutcome(address, type, null, reply))],
        });
        _state = state;
        _reply = reply;
        if (state.IsFinal) _finalAt = now;
        yield return Event(EventType.Attempting, now) with { Attempt = number };
        foreach (var address in Request.Recipients)
            yield return Event(type, now) with { Recipient = address, Attempt = number, Reply = reply, Host = "fake" };
    }

    DeliveryEvent Event(EventType type, DateTimeOffset now) => new()
    {
        MessageId = Request.Id,
        Type = type,
        At = now,
        Tenant = Request.Tenant,
        Campaign = Request.Campaign,
        Tags = Request.Tags,
        IdempotencyKey = Request.IdempotencyKey,
    };
}
