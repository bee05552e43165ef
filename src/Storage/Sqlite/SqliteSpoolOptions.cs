using Microsoft.Extensions.Options;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Settings of a spool on a local folder.</summary>
public sealed class SqliteSpoolOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "OrleansMail:Spool";

    /// <summary>The folder of the spool, on a local file system. Created when absent.</summary>
    public string Folder { get; set; } = "";

    /// <summary>How many shards the spool has; fixed when it is created.</summary>
    public int ShardCount { get; set; } = 4;

    /// <summary>Most operations in one transaction.</summary>
    public int MaxBatchCommits { get; set; } = 1000;

    /// <summary>Most octets of content in one transaction; one larger content goes alone.</summary>
    public int MaxBatchBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Most operations that wait for the writer; more are refused as <see cref="SpoolFault.Busy"/>.</summary>
    public int MaxQueuedOperations { get; set; } = 65_536;

    /// <summary>Size at which a content segment is closed and the next one begins.</summary>
    public int SegmentBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How long a full segment is left alone before its last live contents are moved: most messages end soon by themselves.</summary>
    public TimeSpan CompactionDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Connections for reading.</summary>
    public int ReaderCount { get; set; } = 4;

    /// <summary>Page cache of the writing connection, in octets.</summary>
    public long CacheBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Pages written to the log before they are copied into the database file.</summary>
    public int CheckpointPages { get; set; } = 4096;

    /// <summary>
    /// Octets to which the log's file shrinks again after a storm: at the next restart of the log, or at the latest when the writer
    /// has nothing to do. Below it the file keeps its size, because writing over old pages is cheaper than appending.
    /// </summary>
    public long LogBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Newest events kept in memory for each shard, for subscribers that are up to date.</summary>
    public int RecentEvents { get; set; } = 4096;

    /// <summary>Time between tries to use the store again after a fault.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Called around storage operations by tests that make them fail.</summary>
    internal IStorageFaults? Faults { get; set; }

    internal IReadOnlyList<string> Problems()
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(Folder)) faults.Add($"{Section}:{nameof(Folder)} must name a folder on a local disk.");
        if (ShardCount is < 1 or > 256) faults.Add($"{Section}:{nameof(ShardCount)} must be 1 to 256.");
        if (MaxBatchCommits is < 1 or > 100_000) faults.Add($"{Section}:{nameof(MaxBatchCommits)} must be 1 to 100000.");
        if (MaxBatchBytes < 1) faults.Add($"{Section}:{nameof(MaxBatchBytes)} must be positive.");
        if (MaxQueuedOperations < 1) faults.Add($"{Section}:{nameof(MaxQueuedOperations)} must be positive.");
        if (SegmentBytes < 4096) faults.Add($"{Section}:{nameof(SegmentBytes)} must be at least 4096.");
        if (ReaderCount is < 1 or > 64) faults.Add($"{Section}:{nameof(ReaderCount)} must be 1 to 64.");
        if (CacheBytes < 1024 * 1024) faults.Add($"{Section}:{nameof(CacheBytes)} must be at least 1048576.");
        if (CheckpointPages < 1) faults.Add($"{Section}:{nameof(CheckpointPages)} must be positive.");
        if (LogBytes < 65_536) faults.Add($"{Section}:{nameof(LogBytes)} must be at least 65536.");
        if (RecentEvents < 1) faults.Add($"{Section}:{nameof(RecentEvents)} must be positive.");
        if (CompactionDelay <= TimeSpan.Zero) faults.Add($"{Section}:{nameof(CompactionDelay)} must be positive.");
        if (RetryInterval <= TimeSpan.Zero) faults.Add($"{Section}:{nameof(RetryInterval)} must be positive.");
        return faults;
    }
}

/// <summary>Tells every problem of the section at once.</summary>
sealed class SqliteSpoolOptionsValidator : IValidateOptions<SqliteSpoolOptions>
{
    public ValidateOptionsResult Validate(string? name, SqliteSpoolOptions options) =>
        options.Problems() is { Count: > 0 } problems ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
}
