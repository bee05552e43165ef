namespace Orleans.Mail;

/// <summary>An address that is not written to.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.Suppression")]
public sealed record Suppression
{
    [Id(0)] public required string Address { get; init; }

    /// <summary>Whose mail is meant; null for everybody's.</summary>
    [Id(1)] public string? Tenant { get; init; }

    /// <summary>Why.</summary>
    [Id(2)] public required string Reason { get; init; }

    [Id(3)] public required DateTimeOffset Since { get; init; }

    /// <summary>Null until it is removed.</summary>
    [Id(4)] public DateTimeOffset? Until { get; init; }

    /// <summary>Whether the service added it by itself, after bounces.</summary>
    [Id(5)] public bool IsAutomatic { get; init; }
}

/// <summary>Who is not written to. Key: 0.</summary>
[Alias("mail.v1.ISuppressionListGrain")]
public interface ISuppressionListGrain : IGrainWithIntegerKey
{
    /// <summary>Durable when it answers; holds for attempts that begin once silos know it (5 seconds at most). Adding again replaces reason and end. Null, or what is wrong.</summary>
    [Alias("Add")]
    Task<string?> AddAsync(Suppression suppression);

    /// <summary>False when there was none.</summary>
    [Alias("Remove")]
    Task<bool> RemoveAsync(string? tenant, string address);

    /// <summary>Those of one tenant, or for everybody where <paramref name="tenant"/> is null, in order of address.</summary>
    [Alias("List")]
    Task<SuppressionPage> ListAsync(string? tenant, string? continuation, int pageSize);
}

/// <summary>A page of the list.</summary>
/// <param name="Items">Those in force.</param>
/// <param name="Continuation">Where the next page starts; null at the end.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SuppressionPage")]
public sealed record SuppressionPage([property: Id(0)] Suppression[] Items, [property: Id(1)] string? Continuation);
