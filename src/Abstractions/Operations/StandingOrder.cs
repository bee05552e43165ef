namespace Orleans.Mail;

/// <summary>What a standing order says.</summary>
[GenerateSerializer, Alias("mail.v1.OrderKind")]
public enum OrderKind : byte
{
    /// <summary>No attempt begins.</summary>
    Suspend = 0,

    /// <summary>Other limits apply: <see cref="StandingOrder.Detail"/> holds them.</summary>
    Limit = 1,

    /// <summary>Another route is taken: <see cref="StandingOrder.Detail"/> names it.</summary>
    Reroute = 2,
}

/// <summary>Whom an order concerns; null members do not restrict, and none at all means everything.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.OrderScope")]
public sealed record OrderScope
{
    [Id(0)] public string? Tenant { get; init; }

    [Id(1)] public string? Campaign { get; init; }

    [Id(2)] public string? Site { get; init; }

    [Id(3)] public string? Relay { get; init; }

    /// <summary>A recipient domain.</summary>
    [Id(4)] public string? Domain { get; init; }

    /// <summary>Name of a source address.</summary>
    [Id(5)] public string? Source { get; init; }

    /// <summary>Whether it concerns messages by their sender alone, wherever they go.</summary>
    public bool IsBySender => Site is null && Relay is null && Domain is null && Source is null;

    public override string ToString()
    {
        string?[] parts =
        [
            Part("tenant", Tenant), Part("campaign", Campaign), Part("site", Site), Part("relay", Relay), Part("domain", Domain), Part("source", Source),
        ];
        var text = string.Join(", ", parts.Where(part => part is not null));
        return text.Length == 0 ? "everything" : text;
    }

    static string? Part(string name, string? value) => value is null ? null : $"{name} {value}";
}

/// <summary>
/// What holds for messages that are here and those that come later, until it expires or is revoked: given by an operator, or by a rule that
/// reacted to what it saw.
/// </summary>
[GenerateSerializer, Immutable, Alias("mail.v1.StandingOrder")]
public sealed record StandingOrder
{
    /// <summary>As the detail of a <see cref="OrderKind.Reroute"/> of one relay: mail takes another of its pool, where there is one.</summary>
    public const string OtherRelay = "other-relay";

    /// <summary>Longest id, in characters.</summary>
    public const int MaxIdLength = 64;

    /// <summary>Chosen by whoever gives it, so that giving it twice gives it once: letters, digits, and <c>-_.</c></summary>
    [Id(0)] public required string Id { get; init; }

    [Id(1)] public required OrderKind Kind { get; init; }

    [Id(2)] public required OrderScope Scope { get; init; }

    /// <summary>Null until it is revoked.</summary>
    [Id(3)] public DateTimeOffset? Until { get; init; }

    /// <summary>Why.</summary>
    [Id(4)] public required string Reason { get; init; }

    /// <summary>An operator's name, or <c>rule:</c> and the id of the rule that reacted.</summary>
    [Id(5)] public string? By { get; init; }

    /// <summary>What the rule saw.</summary>
    [Id(6)] public string? Evidence { get; init; }

    /// <summary>What to do, where the kind needs more than a name.</summary>
    [Id(7)] public string? Detail { get; init; }

    /// <summary>Filled in when it is taken.</summary>
    [Id(8)] public DateTimeOffset GivenAt { get; init; }

    /// <summary>Null while it stands. A revoked order is listed until everything that it held is released.</summary>
    [Id(9)] public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>How far the release has come.</summary>
    [Id(10)] public string? ReleasedTo { get; init; }

    public bool StandsAt(DateTimeOffset now) => RevokedAt is null && !(Until <= now);
}

/// <summary>The orders that stand, as of one version.</summary>
/// <param name="Version">Greater after every change.</param>
/// <param name="Orders">Those not revoked.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.ControlSnapshot")]
public sealed record ControlSnapshot([property: Id(0)] long Version, [property: Id(1)] StandingOrder[] Orders);

/// <summary>Keeps the standing orders. Key: 0.</summary>
[Alias("mail.v1.IControlGrain")]
public interface IControlGrain : IGrainWithIntegerKey
{
    /// <summary>Takes an order. Durable when it answers; in force everywhere within the time that silos may be behind (5 seconds). The same id again changes nothing.</summary>
    /// <returns>The order as taken; null problem when it was.</returns>
    [Alias("Add")]
    Task<OrderAnswer> AddAsync(StandingOrder order);

    /// <summary>Ends an order and begins to release what it held. False when there is none of that id.</summary>
    [Alias("Revoke")]
    Task<bool> RevokeAsync(string id);

    /// <summary>All that stand, and those revoked whose release goes on.</summary>
    [Alias("List")]
    Task<StandingOrder[]> ListAsync();

    /// <summary>The newest snapshot: at once when it is not of <paramref name="version"/>, else as soon as it changes, or after some seconds.</summary>
    [Alias("WaitForChange"), Concurrency.AlwaysInterleave]
    Task<ControlSnapshot> WaitForChangeAsync(long version);
}

/// <summary>Whether an order was taken.</summary>
/// <param name="Order">As it stands; null when it was not taken.</param>
/// <param name="Problem">Why not.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.OrderAnswer")]
public sealed record OrderAnswer([property: Id(0)] StandingOrder? Order, [property: Id(1)] string? Problem = null);
