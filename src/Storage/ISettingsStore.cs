namespace Orleans.Mail.Storage;

/// <summary>
/// Small durable records by name: what operators decided, who is not written to. Each has a version of its own, so that of two who change the
/// same record one learns that it lost. Names are ordered by their UTF-8 octets.
/// </summary>
public interface ISettingsStore
{
    /// <summary>Null when there is no such record.</summary>
    /// <exception cref="SpoolUnavailableException">The store cannot be used right now.</exception>
    Task<Setting?> ReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Records whose name begins with <paramref name="prefix"/> and comes after <paramref name="after"/> where given, in order of name.</summary>
    /// <exception cref="SpoolUnavailableException">The store cannot be used right now.</exception>
    Task<IReadOnlyList<Setting>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Stores a record. Completes only when it is on stable storage. Takes no cancellation: a caller that stopped waiting would not know the outcome.</summary>
    /// <param name="name">At most <see cref="Setting.MaxNameBytes"/> octets.</param>
    /// <param name="value">At most <see cref="Setting.MaxValueBytes"/> octets.</param>
    /// <param name="expectedVersion">The version it must have now; null when there must be none.</param>
    /// <returns>The new version; null when the record is not as expected, and nothing was changed.</returns>
    /// <exception cref="SpoolUnavailableException">Nothing was stored, or (when <see cref="SpoolUnavailableException.OutcomeKnown"/> is false) it may have been.</exception>
    Task<string?> WriteAsync(string name, ReadOnlyMemory<byte> value, string? expectedVersion);

    /// <summary>Removes a record. False when it is not of that version, and nothing was changed.</summary>
    /// <exception cref="SpoolUnavailableException">As for a write.</exception>
    Task<bool> DeleteAsync(string name, string expectedVersion);
}

/// <summary>A stored record.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Opaque, and never the same again for this name.</param>
/// <param name="Value">Opaque to the store.</param>
public sealed record Setting(string Name, string Version, ReadOnlyMemory<byte> Value)
{
    /// <summary>Longest name in octets of UTF-8.</summary>
    public const int MaxNameBytes = 600;

    /// <summary>Longest value in octets.</summary>
    public const int MaxValueBytes = 60_000;
}
