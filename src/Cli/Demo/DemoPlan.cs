using System.Collections.Immutable;
using System.Globalization;

namespace Orleans.Mail.Cli.Demo;

/// <summary>One message of the demo: what it shows and how it must end.</summary>
sealed record DemoMessage
{
    /// <summary>Part of the idempotency key, and its name on the screen.</summary>
    public required string Name { get; init; }

    public required string To { get; init; }

    public required MailState Expected { get; init; }

    /// <summary>What to look for.</summary>
    public required string Shows { get; init; }

    public Priority Priority { get; init; }

    public TimeSpan? ExpiresAfter { get; init; }

    public bool IsCrowd => Priority is Priority.Bulk;
}

/// <summary>
/// The messages of one generation of the demo. The same generation gives the same drafts under the same keys, so a later run
/// that submits them again only finds them.
/// </summary>
static class DemoPlan
{
    public const string Tenant = "demo";

    public const int CrowdSize = 200;

    const string From = "demo@sender.test";

    // Sessions are few and each mail takes a second: the crowd needs most of a minute.
    const string SlowSite = "slow-1s.test";

    public static DemoMessage Urgent { get; } = new()
    {
        Name = "urgent",
        To = $"code@{SlowSite}",
        Priority = Priority.High,
        Expected = MailState.Delivered,
        Shows = $"High, submitted behind {CrowdSize} Bulk to the same slow site: goes first",
    };

    public static ImmutableArray<DemoMessage> Singles { get; } =
    [
        new() { Name = "at-once", To = "ann@delivered.test", Expected = MailState.Delivered, Shows = "delivered at once" },
        new() { Name = "greylisted", To = "ben+3@deferred.test", Expected = MailState.Delivered, Shows = "greylisted: the receiver takes it the third time it sees it" },
        new() { Name = "mailbox-full", To = "cleo@452-4.2.2.test", Expected = MailState.Expired, ExpiresAfter = TimeSpan.FromSeconds(60), Shows = "mailbox full for ever: deferred until it expires" },
        new() { Name = "unknown-user", To = "dan@550-5.1.1.test", Expected = MailState.Bounced, Shows = "unknown user: bounced, never tried again" },
        new() { Name = "lost-reply", To = "eve@drop-after-data.test", Expected = MailState.Delivered, Shows = "connection lost after the final dot: uncertain, tried again, a stated duplicate" },
    ];

    public static ImmutableArray<DemoMessage> Crowd { get; } =
    [
        .. Enumerable.Range(1, CrowdSize).Select(number => new DemoMessage
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"bulk-{number}"),
            To = string.Create(CultureInfo.InvariantCulture, $"reader{number}@{SlowSite}"),
            Priority = Priority.Bulk,
            Expected = MailState.Delivered,
            Shows = "one of a crowd",
        }),
    ];

    /// <summary>In order of submission.</summary>
    public static ImmutableArray<DemoMessage> All { get; } = [.. Crowd, Urgent, .. Singles];

    public static string KeyOf(string generation, DemoMessage message) => $"demo/{generation}/{message.Name}";

    public static MessageId IdOf(string generation, DemoMessage message) => MessageId.FromKey(Tenant, KeyOf(generation, message));

    public static MailDraft Draft(string generation, DemoMessage message) => new()
    {
        From = From,
        To = [message.To],
        Subject = message.IsCrowd ? "Newsletter" : message.Shows,
        Text = $"This message of the demo shows: {message.Shows}.",
        Tenant = Tenant,
        IdempotencyKey = KeyOf(generation, message),
        Priority = message.Priority,
        Campaign = message.IsCrowd ? "newsletter" : null,
        ExpiresAfter = message.ExpiresAfter,
        Tags = ["demo"],
    };
}
