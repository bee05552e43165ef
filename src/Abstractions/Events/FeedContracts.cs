namespace Orleans.Mail;

/// <summary>Which events a subscriber wants; null members do not restrict.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.EventFilter")]
public sealed record EventFilter
{
    [Id(0)] public MessageId? MessageId { get; init; }

    [Id(1)] public string? Tenant { get; init; }

    [Id(2)] public string? Tag { get; init; }

    public bool Matches(DeliveryEvent item) =>
        (MessageId is null || item.MessageId == MessageId)
        && (Tenant is null || item.Tenant == Tenant)
        && (Tag is null || Array.IndexOf(item.Tags, Tag) >= 0);
}

/// <summary>Some events of one shard, and up to where the shard has been read.</summary>
/// <param name="ReadTo">Number of the last event looked at, whether it matched or not.</param>
/// <param name="Numbers">The number of each event.</param>
/// <param name="Events">Those that matched, in order.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.FeedPage")]
public sealed record FeedPage(
    [property: Id(0)] long ReadTo,
    [property: Id(1)] long[] Numbers,
    [property: Id(2)] DeliveryEvent[] Events);

/// <summary>What to list; null members do not restrict. Newest first.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.ListQuery")]
public sealed record ListQuery
{
    [Id(0)] public string? Tenant { get; init; }

    [Id(1)] public MailState? State { get; init; }

    [Id(2)] public string? Tag { get; init; }

    [Id(3)] public string? Campaign { get; init; }

    /// <summary>A recipient address, compared without case.</summary>
    [Id(4)] public string? Recipient { get; init; }

    [Id(5)] public DateTimeOffset? AcceptedBefore { get; init; }

    [Id(6)] public DateTimeOffset? AcceptedAfter { get; init; }
}

/// <summary>A page of a listing of one shard.</summary>
/// <param name="Items">Those that matched.</param>
/// <param name="Continuation">Where the next page starts; null at the end.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.ListPage")]
public sealed record ListPage(
    [property: Id(0)] MessageStatus[] Items,
    [property: Id(1)] string? Continuation);
