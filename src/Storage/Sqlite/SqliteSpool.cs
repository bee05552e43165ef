using Microsoft.Extensions.Logging;
using Orleans.Serialization;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>
/// A spool in a folder of a local disk: one SQLite file for states and events, segments for contents. One process at a time.
/// Opened at first use, and again after every fault.
/// </summary>
public sealed class SqliteSpool : ISpool, ISpoolHealth, IAsyncDisposable
{
    readonly SqliteSpoolOptions _options;
    readonly Serializer<DeliveryEvent[]> _serializer;
    readonly TimeProvider _clock;
    readonly ILogger _logger;
    readonly IReadOnlyList<string> _steps;
    readonly ShardState[] _shards;
    readonly Lock _gate = new();
    FileStream? _folderLock;
    EndOfDataMarks? _marks;
    SpoolWriter? _writer;
    bool _disposed;

    public SqliteSpool(SqliteSpoolOptions options, Serializer<DeliveryEvent[]> serializer, TimeProvider clock, ILogger<SqliteSpool> logger)
        : this(options, serializer, clock, logger, SpoolSchema.Steps)
    {
    }

    internal SqliteSpool(SqliteSpoolOptions options, Serializer<DeliveryEvent[]> serializer, TimeProvider clock, ILogger<SqliteSpool> logger, IReadOnlyList<string> steps)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problems() is { Count: > 0 } problems) throw new ArgumentException(string.Join(' ', problems), nameof(options));
        _options = options;
        _serializer = serializer;
        _clock = clock;
        _logger = logger;
        _steps = steps;
        _shards = [.. Enumerable.Range(0, options.ShardCount).Select(number => new ShardState(number, options.RecentEvents))];
    }

    public int ShardCount => _options.ShardCount;

    public bool IsShared => false;

    public SpoolFault? Fault => _disposed ? SpoolFault.Closed : _writer?.Fault;

    public DateTimeOffset? Since => _writer?.Since;

    public async Task<ISpoolShard> OpenShardAsync(int shard, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, ShardCount);
        cancellationToken.ThrowIfCancellationRequested();
        var started = Writer();
        var operation = new OpenShardOperation(shard);
        started.Enqueue(operation);
        var epoch = await operation.Task.ConfigureAwait(false);
        _marks!.Opened(shard, epoch);
        return new SqliteSpoolShard(started, _shards[shard], epoch, _marks, _serializer, ShardCount);
    }

    /// <summary>Ends after everything that was queued is durable.</summary>
    public async ValueTask DisposeAsync()
    {
        SpoolWriter? stopping;
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            stopping = _writer;
        }

        if (stopping is not null) await Task.Run(stopping.Stop).ConfigureAwait(false);
        _marks?.Dispose();
        if (_folderLock is not null) await _folderLock.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The writer, started at first use.</summary>
    internal SpoolWriter Writer()
    {
        lock (_gate)
        {
            if (_disposed) throw new SpoolUnavailableException(SpoolFault.Closed, true, "The spool is closed.");
            if (_writer is not null) return _writer;
            _folderLock ??= LockFolder();
            _marks ??= OpenMarks();
            return _writer = new SpoolWriter(_options, _shards, _steps, _clock, _logger, store => _marks.Check(store.Database));
        }
    }

    FileStream LockFolder()
    {
        var path = Path.Combine(_options.Folder, "spool.lock");
        try
        {
            Directory.CreateDirectory(_options.Folder);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new SpoolUnavailableException(SpoolFault.ReadOnly, true, $"The spool folder '{_options.Folder}' cannot be written.", error);
        }
        catch (IOException error)
        {
            var fault = StorageErrors.FaultOf(error) is SpoolFault.Io && File.Exists(path) ? SpoolFault.Busy : StorageErrors.FaultOf(error);
            var reason = fault == SpoolFault.Busy ? "is in use by another process" : "cannot be opened";
            throw new SpoolUnavailableException(fault, true, $"The spool folder '{_options.Folder}' {reason}.", error);
        }
    }

    EndOfDataMarks OpenMarks()
    {
        try
        {
            return new EndOfDataMarks(Path.Combine(_options.Folder, "marks.bin"), ShardCount, BootId.Current(_clock));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.ForCallers(error, outcomeKnown: true);
        }
    }
}
