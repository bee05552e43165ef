using Microsoft.Extensions.Logging;
using Orleans.Serialization;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>
/// A spool in a folder of a local disk: one SQLite file for states and events, segments for contents. One process at a time.
/// Opened at first use, and again after every fault.
/// </summary>
public sealed class SqliteSpool : ISpool, ISpoolHealth, IAsyncDisposable
{
    readonly SqliteSpoolOptions options;
    readonly Serializer<DeliveryEvent[]> serializer;
    readonly TimeProvider clock;
    readonly ILogger logger;
    readonly IReadOnlyList<string> steps;
    readonly ShardState[] shards;
    readonly Lock gate = new();
    FileStream? folderLock;
    EndOfDataMarks? marks;
    SpoolWriter? writer;
    bool disposed;

    public SqliteSpool(SqliteSpoolOptions options, Serializer<DeliveryEvent[]> serializer, TimeProvider clock, ILogger<SqliteSpool> logger)
        : this(options, serializer, clock, logger, SpoolSchema.Steps)
    {
    }

    internal SqliteSpool(SqliteSpoolOptions options, Serializer<DeliveryEvent[]> serializer, TimeProvider clock, ILogger<SqliteSpool> logger, IReadOnlyList<string> steps)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problems() is { Count: > 0 } problems) throw new ArgumentException(string.Join(' ', problems), nameof(options));
        this.options = options;
        this.serializer = serializer;
        this.clock = clock;
        this.logger = logger;
        this.steps = steps;
        shards = [.. Enumerable.Range(0, options.ShardCount).Select(number => new ShardState(number, options.RecentEvents))];
    }

    public int ShardCount => options.ShardCount;

    public bool IsShared => false;

    public SpoolFault? Fault => disposed ? SpoolFault.Closed : writer?.Fault;

    public DateTimeOffset? Since => writer?.Since;

    public async Task<ISpoolShard> OpenShardAsync(int shard, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, ShardCount);
        cancellationToken.ThrowIfCancellationRequested();
        var started = Writer();
        var operation = new OpenShardOperation(shard);
        started.Enqueue(operation);
        var epoch = await operation.Task.ConfigureAwait(false);
        marks!.Opened(shard, epoch);
        return new SqliteSpoolShard(started, shards[shard], epoch, marks, serializer, ShardCount);
    }

    /// <summary>Ends after everything that was queued is durable.</summary>
    public async ValueTask DisposeAsync()
    {
        SpoolWriter? stopping;
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
            stopping = writer;
        }

        if (stopping is not null) await Task.Run(stopping.Stop).ConfigureAwait(false);
        marks?.Dispose();
        if (folderLock is not null) await folderLock.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The writer, started at first use.</summary>
    internal SpoolWriter Writer()
    {
        lock (gate)
        {
            if (disposed) throw new SpoolUnavailableException(SpoolFault.Closed, true, "The spool is closed.");
            if (writer is not null) return writer;
            folderLock ??= LockFolder();
            marks ??= OpenMarks();
            return writer = new SpoolWriter(options, shards, steps, clock, logger, store => marks.Check(store.Database));
        }
    }

    FileStream LockFolder()
    {
        var path = Path.Combine(options.Folder, "spool.lock");
        try
        {
            Directory.CreateDirectory(options.Folder);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new SpoolUnavailableException(SpoolFault.ReadOnly, true, $"The spool folder '{options.Folder}' cannot be written.", error);
        }
        catch (IOException error)
        {
            var fault = StorageErrors.FaultOf(error) is SpoolFault.Io && File.Exists(path) ? SpoolFault.Busy : StorageErrors.FaultOf(error);
            var reason = fault == SpoolFault.Busy ? "is in use by another process" : "cannot be opened";
            throw new SpoolUnavailableException(fault, true, $"The spool folder '{options.Folder}' {reason}.", error);
        }
    }

    EndOfDataMarks OpenMarks()
    {
        try
        {
            return new EndOfDataMarks(Path.Combine(options.Folder, "marks.bin"), ShardCount, BootId.Current(clock));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.ForCallers(error, outcomeKnown: true);
        }
    }
}
