using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Options;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>Settings of a spool in tables and blobs of Azure.</summary>
public sealed class AzureSpoolOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "OrleansMail:AzureSpool";

    // A row holds 1 MiB with the names of its columns.
    const int MaxRowBytes = 900_000;

    /// <summary>Connection string of the storage account. Default: none.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Address of the account's tables, reached by the identity of the process. Default: none.</summary>
    public Uri? TableEndpoint { get; set; }

    /// <summary>Address of the account's blobs, reached by the identity of the process. Default: none.</summary>
    public Uri? BlobEndpoint { get; set; }

    /// <summary>Client id of the user-assigned identity. Default: none, the identity that the platform gives.</summary>
    public string? ManagedIdentityClientId { get; set; }

    /// <summary>An identity made elsewhere, for the endpoints. Default: none.</summary>
    public TokenCredential? Credential { get; set; }

    /// <summary>Name of the table; it is made when it is not there.</summary>
    public string TableName { get; set; } = "OrleansMailSpool";

    /// <summary>Name of the table of what operators decide and who is not written to; it is made when it is not there.</summary>
    public string SettingsTableName { get; set; } = "OrleansMailSettings";

    /// <summary>Name of the container of large contents; it is made when it is not there.</summary>
    public string ContainerName { get; set; } = "orleans-mail-spool";

    /// <summary>How many shards the spool has; fixed when it is created.</summary>
    public int ShardCount { get; set; } = 64;

    /// <summary>Octets up to which a content lies in the message's row; a larger one is a blob.</summary>
    public int MaxInlineBytes { get; set; } = 256 * 1024;

    /// <summary>Octets of states, contents and events in one transaction. Azure takes 4 MiB, of which encoding takes a quarter.</summary>
    public int MaxBatchBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>Most commits of a shard that wait; more are refused as <see cref="SpoolFault.Busy"/>.</summary>
    public int MaxQueuedOperations { get; set; } = 16_384;

    /// <summary>Octets of states, contents and events that such commits hold; more are refused in the same way. Default: 16 MiB for each shard.</summary>
    public long MaxQueuedBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// How long a busy shard waits between two transactions, so that more goes in each: Azure bills them by the request. A shard whose last transaction carried
    /// fewer than 8 commits does not wait. Default: 50 milliseconds; 0 never waits.
    /// </summary>
    public TimeSpan GatherTime { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Octets of states and contents of live messages that a silo keeps in memory, so that a delivery reads nothing; shared by all shards that it holds.
    /// Default: 128 MiB; 0 keeps none.
    /// </summary>
    public long CacheBytes { get; set; } = 128 * 1024 * 1024;

    /// <summary>Newest events kept in memory for each shard, for subscribers that are up to date.</summary>
    public int RecentEvents { get; set; } = 4096;

    /// <summary>How often a call that found the service busy or out of reach is made again.</summary>
    public int MaxRetries { get; set; } = 5;

    /// <summary>Wait before the first repetition; each further wait is twice as long, up to <see cref="MaxRetryDelay"/>.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest wait between two tries.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one try may take.</summary>
    public TimeSpan TryTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Age at which a blob that no message names is removed.</summary>
    public TimeSpan OrphanAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Last word on the settings of the table client.</summary>
    public Action<TableClientOptions>? ConfigureTables { get; set; }

    /// <summary>Last word on the settings of the blob client.</summary>
    public Action<BlobClientOptions>? ConfigureBlobs { get; set; }

    internal IReadOnlyList<string> Problems()
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(ConnectionString) && (TableEndpoint is null || BlobEndpoint is null)) faults.Add($"{Section}: give {nameof(ConnectionString)}, or {nameof(TableEndpoint)} and {nameof(BlobEndpoint)}.");
        if (!IsTableName(TableName)) faults.Add($"{Section}:{nameof(TableName)} must be 3 to 63 letters and digits, the first a letter.");
        if (!IsTableName(SettingsTableName) || SettingsTableName.Equals(TableName, StringComparison.OrdinalIgnoreCase)) faults.Add($"{Section}:{nameof(SettingsTableName)} must be 3 to 63 letters and digits, the first a letter, and another than {nameof(TableName)}.");
        if (ContainerName is not { Length: >= 3 and <= 63 } || !ContainerName.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')) faults.Add($"{Section}:{nameof(ContainerName)} must be 3 to 63 small letters, digits and hyphens.");
        if (ShardCount is < 1 or > 256) faults.Add($"{Section}:{nameof(ShardCount)} must be 1 to 256.");
        if (MaxInlineBytes is < 0 or > 512 * 1024) faults.Add($"{Section}:{nameof(MaxInlineBytes)} must be 0 to 524288.");
        if (MaxBatchBytes is < MaxRowBytes or > 3_000_000) faults.Add($"{Section}:{nameof(MaxBatchBytes)} must be {MaxRowBytes} to 3000000.");
        if (MaxQueuedOperations < 1) faults.Add($"{Section}:{nameof(MaxQueuedOperations)} must be positive.");
        if (MaxQueuedBytes < 1) faults.Add($"{Section}:{nameof(MaxQueuedBytes)} must be positive.");
        if (GatherTime < TimeSpan.Zero || GatherTime > TimeSpan.FromSeconds(1)) faults.Add($"{Section}:{nameof(GatherTime)} must be 00:00:00 to 00:00:01.");
        if (CacheBytes < 0) faults.Add($"{Section}:{nameof(CacheBytes)} must not be negative.");
        if (RecentEvents < 1) faults.Add($"{Section}:{nameof(RecentEvents)} must be positive.");
        if (MaxRetries is < 0 or > 20) faults.Add($"{Section}:{nameof(MaxRetries)} must be 0 to 20.");
        if (RetryDelay <= TimeSpan.Zero || MaxRetryDelay < RetryDelay) faults.Add($"{Section}:{nameof(RetryDelay)} must be positive and at most {nameof(MaxRetryDelay)}.");
        if (TryTimeout <= TimeSpan.Zero) faults.Add($"{Section}:{nameof(TryTimeout)} must be positive.");
        if (OrphanAge < TimeSpan.FromHours(1)) faults.Add($"{Section}:{nameof(OrphanAge)} must be at least an hour.");
        return faults;
    }

    static bool IsTableName(string? name) => name is { Length: >= 3 and <= 63 } && char.IsAsciiLetter(name[0]) && name.All(char.IsAsciiLetterOrDigit);
}

/// <summary>Tells every problem of the section at once.</summary>
sealed class AzureSpoolOptionsValidator : IValidateOptions<AzureSpoolOptions>
{
    public ValidateOptionsResult Validate(string? name, AzureSpoolOptions options) =>
        options.Problems() is { Count: > 0 } problems ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
}
