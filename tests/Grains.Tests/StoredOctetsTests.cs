using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Policy.Messages;
using Orleans.Serialization;

namespace Orleans.Mail.Grains.Tests;

/// <summary>
/// Octets that a released version stored must stay readable for ever. The files in <c>Stored</c> are never replaced: a change of the format
/// adds files for a new version, written once by <see cref="Octets_of_today_are_read_back"/> with the new name, and these tests keep reading the old ones.
/// </summary>
public sealed class StoredOctetsTests
{
    static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    static readonly MessageId Id = MessageId.FromKey("tenant", "key");
    static readonly SmtpReply Reply = new(452, "Mailbox full", new EnhancedStatus(4, 2, 2));

    static MessageState State => new()
    {
        Id = Id,
        Tenant = "tenant",
        IdempotencyKey = "key",
        Fingerprint = [1, 2, 3],
        From = "sender@example.com",
        Recipients =
        [
            new RecipientRecord { Address = "ann@example.com", Fate = Fate.Deferred, NextDue = At.AddMinutes(5), LastReply = Reply, Category = "mailbox-full", AttemptCount = 2 },
            new RecipientRecord { Address = "bob@example.org", Fate = Fate.Uncertain, NextDue = At },
        ],
        Priority = Priority.Bulk,
        Campaign = "spring",
        Tags = ["red", "blue"],
        Metadata = ImmutableDictionary<string, string>.Empty.Add("order", "17"),
        AcceptedAt = At,
        SendAt = At.AddHours(1),
        ExpiresAt = At.AddDays(2),
        Doubt = DoubtPolicy.Stop,
        ContentBytes = 4711,
        NeedsEightBitMime = true,
        NeedsSmtpUtf8 = true,
        TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        Open = [new OpenAttempt { Number = 3, Site = "example.com", StartedAt = At, Epoch = 7, Recipients = [0], Deadline = At.AddMinutes(20) }],
        History =
        [
            new AttemptStatus
            {
                Number = 2, StartedAt = At, Duration = TimeSpan.FromSeconds(1.5), Site = "example.com", Host = "mx.example.com", Tls = "TLS 1.3",
                Outcomes = [new AttemptOutcome("ann@example.com", EventType.Deferred, "mailbox-full", Reply)],
            },
        ],
        AttemptCount = 3,
        FinalAt = At.AddDays(1),
        HasReminder = true,
    };

    static DeliveryEvent[] Events =>
    [
        new DeliveryEvent { MessageId = Id, Type = EventType.Accepted, At = At, Tenant = "tenant" },
        new DeliveryEvent
        {
            MessageId = Id, Type = EventType.Deferred, At = At, Tenant = "tenant", Recipient = "ann@example.com", Attempt = 2, Reply = Reply, Category = "mailbox-full",
            Host = "mx.example.com", Tls = "TLS 1.3", NextAttemptAt = At.AddMinutes(5), Campaign = "spring", Tags = ["red", "blue"], IdempotencyKey = "key", Position = EventPosition.Of(3, 4),
        },
    ];

    [Fact]
    public void Message_states_of_version_1_are_read() => AssertStored("message-state-v1.bin", State);

    [Fact]
    public void Events_of_version_1_are_read() => AssertStored("events-v1.bin", Events);

    /// <summary>Leaves today's octets in <c>Written</c> beside the tests: the files of a new version are copied from there.</summary>
    [Fact]
    public void Octets_of_today_are_read_back()
    {
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "Written")).FullName;
        File.WriteAllBytes(Path.Combine(folder, "message-state.bin"), Serializer<MessageState>().SerializeToArray(State));
        File.WriteAllBytes(Path.Combine(folder, "events.bin"), Serializer<DeliveryEvent[]>().SerializeToArray(Events));
        Assert.Equal(Told(State), Told(Serializer<MessageState>().Deserialize(File.ReadAllBytes(Path.Combine(folder, "message-state.bin")))));
        Assert.Equal(Told(Events), Told(Serializer<DeliveryEvent[]>().Deserialize(File.ReadAllBytes(Path.Combine(folder, "events.bin")))));
    }

    static void AssertStored<T>(string file, T expected)
    {
        var stored = Serializer<T>().Deserialize(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Stored", file)));
        Assert.Equal(Told(expected), Told(stored));
        Assert.Contains("mailbox-full", Told(stored), StringComparison.Ordinal);
    }

    static string Told<T>(T value) => JsonSerializer.Serialize(value);

    static Serializer<T> Serializer<T>() => new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer<T>>();
}
