using Orleans.Concurrency;

namespace Orleans.Mail.Grains.Suppression;

/// <summary>The inner side of the suppression list. Key: 0.</summary>
[Alias("mail.v1.ISuppressionIndexGrain")]
interface ISuppressionIndexGrain : IGrainWithIntegerKey
{
    /// <summary>What changed after a place in the log: at once when something did, else as soon as it does, or after some seconds.</summary>
    [Alias("WaitForChange"), AlwaysInterleave]
    Task<SuppressionNews> WaitForChangeAsync(long epoch, long after);

    /// <summary>An address bounced for good.</summary>
    [Alias("Bounced")]
    Task BouncedAsync(string tenant, string address, string category);

    /// <summary>An address that bounces were counted of took a message.</summary>
    [Alias("Delivered")]
    Task DeliveredAsync(string tenant, string address);
}

/// <summary>A part of the log of the list, or all of it.</summary>
/// <param name="Epoch">Of the log; another one starts anew.</param>
/// <param name="Number">The place after this part.</param>
/// <param name="IsWhole">Whether <paramref name="Added"/> is everything there is.</param>
/// <param name="Added">Hashes of names that came.</param>
/// <param name="Removed">Hashes of names that went.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SuppressionNews")]
sealed record SuppressionNews(
    [property: Id(0)] long Epoch,
    [property: Id(1)] long Number,
    [property: Id(2)] bool IsWhole,
    [property: Id(3)] ulong[] Added,
    [property: Id(4)] ulong[] Removed);
