using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>
/// The one thread that writes. It takes everything that waits as one transaction, so that many commits share a flush; while it is at the
/// disk, the next ones gather. It adds no delay of its own.
/// </summary>
sealed partial class SpoolWriter : ISpoolHealth
{
    readonly object _gate = new();
    readonly Queue<WriteOperation> _queue = new();
    readonly SqliteSpoolOptions _options;
    readonly IReadOnlyList<ShardState> _shards;
    readonly IReadOnlyList<string> _steps;
    readonly TimeProvider _clock;
    readonly ILogger _logger;
    readonly Action<SpoolStore> _opened;
    readonly Thread _thread;
    readonly List<WriteOperation> _operations = [];
    readonly SegmentCompaction _compaction;
    readonly ITimer _retryTimer;
    readonly ITimer _maintenanceTimer;
    SpoolStore? _store;
    SpoolBatch? _batch;
    Outage? _outage;
    bool _retryDue = true;
    bool _maintenanceDue;
    bool _stopping;

    public SpoolWriter(SqliteSpoolOptions options, IReadOnlyList<ShardState> shards, IReadOnlyList<string> steps, TimeProvider clock, ILogger logger, Action<SpoolStore> opened)
    {
        _options = options;
        _shards = shards;
        _steps = steps;
        _clock = clock;
        _logger = logger;
        _opened = opened;
        _retryTimer = clock.CreateTimer(_ => Retry(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _compaction = new SegmentCompaction(clock, options.CompactionDelay);
        _maintenanceTimer = clock.CreateTimer(_ => WakeForMaintenance(), null, options.CompactionDelay, options.CompactionDelay);
        _thread = new Thread(Run) { IsBackground = true, Name = "spool writer" };
        _thread.Start();
    }

    public SpoolFault? Fault => Volatile.Read(ref _outage)?.Fault;

    public DateTimeOffset? Since => Volatile.Read(ref _outage)?.Since;

    public void Enqueue(WriteOperation operation)
    {
        Exception? refusal = null;
        lock (_gate)
        {
            if (_stopping) refusal = Closed();
            else if (_outage is { } down) refusal = down.ForCallers;
            else if (_queue.Count >= _options.MaxQueuedOperations) refusal = new SpoolUnavailableException(SpoolFault.Busy, true, "Too many commits wait for the disk.");
            else
            {
                _queue.Enqueue(operation);
                if (_queue.Count == 1) Monitor.Pulse(_gate);
            }
        }

        if (refusal is not null) operation.Fail(refusal);
    }

    /// <summary>Completes when the store is open; fails when it cannot be opened.</summary>
    public Task OpenedAsync()
    {
        if (Volatile.Read(ref _store) is not null) return Task.CompletedTask;
        var operation = new OpenedOperation();
        Enqueue(operation);
        return operation.Task;
    }

    /// <summary>The open store, for readers.</summary>
    public SpoolStore Store() =>
        Volatile.Read(ref _store) ?? throw (Volatile.Read(ref _outage)?.ForCallers ?? Closed());

    /// <summary>Carries out what was queued, and ends.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
        _retryTimer.Dispose();
        _maintenanceTimer.Dispose();
    }

    void Run()
    {
        while (Take())
        {
            if (_operations.Count > 0) Write();
            else if (_store is null) TryOpen();
            if (_store is not null) Maintain();
        }

        CloseStore();
        foreach (var shard in _shards) shard.Events.Close(Closed());
    }

    /// <summary>Waits for work. False at the end.</summary>
    bool Take()
    {
        _operations.Clear();
        lock (_gate)
        {
            while (true)
            {
                if (_store is null && _outage is null && !_stopping) return true;
                if (_store is null && _retryDue && !_stopping) return true;
                if (_queue.Count > 0) break;
                if (_stopping) return false;
                if (_store is not null && (_compaction.IsPending || _maintenanceDue)) return true;
                Monitor.Wait(_gate);
            }

            var bytes = 0L;
            while (_operations.Count < _options.MaxBatchCommits && _queue.TryPeek(out var next) && (_operations.Count == 0 || bytes + next.ContentBytes <= _options.MaxBatchBytes))
            {
                bytes += next.ContentBytes;
                _operations.Add(_queue.Dequeue());
            }
        }

        return true;
    }

    void Write()
    {
        if (_store is null)
        {
            FailAll(_outage?.ForCallers ?? Closed());
            return;
        }

        StorageInstruments.Batch(_operations.Count);
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            _batch!.Clear();
            _batch.WriteContents(_operations);
            while (!TryApply()) StorageInstruments.Fault(SpoolFault.Corrupt);
            _batch.Commit();
        }
        catch (Exception error)
        {
            if (_batch!.IsCommitting) Resolve(error);
            else GiveUp(error);
            return;
        }

        StorageInstruments.Transaction(startedAt);
        _batch.Publish();
        CompleteAll();
    }

    /// <summary>
    /// Carries out all operations in one transaction. The first that meets a damaged page, of a row or of an index, is refused and taken out, and what
    /// was done is rolled back: false tells to begin again, so that the others lose nothing by their neighbour.
    /// </summary>
    bool TryApply()
    {
        _batch!.Begin();
        foreach (var operation in _operations)
        {
            try
            {
                operation.Apply(_batch);
            }
            catch (SqliteFailure failure) when (failure.IsCorrupt)
            {
                _batch.RollBack();
                _operations.Remove(operation);
                operation.Fail(new SpoolCorruptException("What is to be changed lies on a damaged page.", failure));
                return false;
            }
        }

        return true;
    }

    void CompleteAll()
    {
        var conflicts = 0;
        var commits = 0;
        foreach (var operation in _operations)
        {
            if (operation is CommitOperation commit)
            {
                commits++;
                if (commit.IsConflict) conflicts++;
            }

            operation.Complete();
        }

        StorageInstruments.Commits(commits - conflicts, conflicts);
    }

    void FailAll(Exception error)
    {
        foreach (var operation in _operations) operation.Fail(error);
    }

    void Maintain()
    {
        var isQuiet = _maintenanceDue && _operations.Count == 0;
        _maintenanceDue = false;
        try
        {
            _store!.CheckpointIfDue();
            if (isQuiet) _store.TrimLog();
            _compaction.Step(_batch!);
            _store.Content.RemoveDead();
        }
        catch (Exception error)
        {
            _batch!.RollBack();
            GoDown(error);
        }
    }

    void WakeForMaintenance()
    {
        lock (_gate)
        {
            _maintenanceDue = true;
            Monitor.Pulse(_gate);
        }
    }

    static SpoolUnavailableException Closed() => new(SpoolFault.Closed, true, "The spool is closed.");
}
