using System.Collections.Immutable;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Notices;

namespace Orleans.Mail.Policy.Tests.Notices;

/// <summary>A message to two recipients, tried once, an hour old.</summary>
static class Late
{
    public static readonly DateTimeOffset Accepted = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly NoticeSettings Settings = new() { Domain = "mail.example" };

    public static readonly MessageState Message = new()
    {
        Id = MessageId.FromKey("shop", "order-1"),
        Tenant = "shop",
        Fingerprint = [],
        From = "orders@shop.example",
        AcceptedAt = Accepted,
        ExpiresAt = Accepted.AddDays(5),
        ContentBytes = 100,
        AttemptCount = 1,
        Notices = NoticeKinds.Failure | NoticeKinds.Delay,
        Recipients = [Recipient("ann@a.example", Fate.Deferred, SmtpReply.Create(450, "4.2.2 Full")), Recipient("bob@b.example", Fate.Deferred, null)],
        History =
        [
            new AttemptStatus
            {
                Number = 1,
                StartedAt = Accepted.AddMinutes(1),
                Duration = TimeSpan.FromSeconds(2),
                Site = "a",
                Host = "mx.a.example",
                Outcomes = [new("ann@a.example", EventType.Deferred, "mailbox-full", null), new("bob@b.example", EventType.Deferred, "connection", null)],
            },
        ],
    };

    public static RecipientRecord Recipient(string address, Fate fate, SmtpReply? reply, string? category = "mailbox-full", string? rule = null) =>
        new() { Address = address, Fate = fate, LastReply = reply, Category = category, Rule = rule, AttemptCount = 1 };

    public static MessageState With(params RecipientRecord[] recipients) => Message with { Recipients = recipients.ToImmutableArray() };
}
