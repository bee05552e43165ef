using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>
/// The one thread that writes. It takes everything that waits as one transaction, so that many commits share a flush; while it is at the
/// disk, the next ones gather. It adds no delay of its own.
/// </summary>
sealed partial class SpoolWriter : ISpoolHealth
{
    readonly object gate = new();
    readonly Queue<WriteOperation> queue = new();
    readonly SqliteSpoolOptions options;
    readonly IReadOnlyList<ShardState> shards;
    readonly IReadOnlyList<string> steps;
    readonly TimeProvider clock;
    readonly ILogger logger;
    readonly Action<SpoolStore> opened;
    readonly Thread thread;
    readonly List<WriteOperation> operations = [];
    readonly SegmentCompaction compaction;
    readonly ITimer retryTimer;
    readonly ITimer maintenanceTimer;
    SpoolStore? store;
    SpoolBatch? batch;
    Outage? outage;
    bool retryDue = true;
    bool maintenanceDue;
    bool stopping;

    public SpoolWriter(SqliteSpoolOptions options, IReadOnlyList<ShardState> shards, IReadOnlyList<string> steps, TimeProvider clock, ILogger logger, Action<SpoolStore> opened)
    {
        this.options = options;
        this.shards = shards;
        this.steps = steps;
        this.clock = clock;
        this.logger = logger;
        this.opened = opened;
        retryTimer = clock.CreateTimer(_ => Retry(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        compaction = new SegmentCompaction(clock, options.CompactionDelay);
        maintenanceTimer = clock.CreateTimer(_ => WakeForMaintenance(), null, options.CompactionDelay, options.CompactionDelay);
        thread = new Thread(Run) { IsBackground = true, Name = "spool writer" };
        thread.Start();
    }

    public SpoolFault? Fault => Volatile.Read(ref outage)?.Fault;

    public DateTimeOffset? Since => Volatile.Read(ref outage)?.Since;

    public void Enqueue(WriteOperation operation)
    {
        Exception? refusal = null;
        lock (gate)
        {
            if (stopping) refusal = Closed();
            else if (outage is { } down) refusal = down.ForCallers;
            else if (queue.Count >= options.MaxQueuedOperations) refusal = new SpoolUnavailableException(SpoolFault.Busy, true, "Too many commits wait for the disk.");
            else
            {
                queue.Enqueue(operation);
                if (queue.Count == 1) Monitor.Pulse(gate);
            }
        }

        if (refusal is not null) operation.Fail(refusal);
    }

    /// <summary>Completes when the store is open; fails when it cannot be opened.</summary>
    public Task OpenedAsync()
    {
        if (Volatile.Read(ref store) is not null) return Task.CompletedTask;
        var operation = new OpenedOperation();
        Enqueue(operation);
        return operation.Task;
    }

    /// <summary>The open store, for readers.</summary>
    public SpoolStore Store() =>
        Volatile.Read(ref store) ?? throw (Volatile.Read(ref outage)?.ForCallers ?? Closed());

    /// <summary>Carries out what was queued, and ends.</summary>
    public void Stop()
    {
        lock (gate)
        {
            stopping = true;
            Monitor.Pulse(gate);
        }

        thread.Join();
        retryTimer.Dispose();
        maintenanceTimer.Dispose();
    }

    void Run()
    {
        while (Take())
        {
            if (operations.Count > 0) Write();
            else if (store is null) TryOpen();
            if (store is not null) Maintain();
        }

        CloseStore();
        foreach (var shard in shards) shard.Events.Close(Closed());
    }

    /// <summary>Waits for work. False at the end.</summary>
    bool Take()
    {
        operations.Clear();
        lock (gate)
        {
            while (true)
            {
                if (store is null && outage is null && !stopping) return true;
                if (store is null && retryDue && !stopping) return true;
                if (queue.Count > 0) break;
                if (stopping) return false;
                if (store is not null && (compaction.IsPending || maintenanceDue)) return true;
                Monitor.Wait(gate);
            }

            var bytes = 0L;
            while (operations.Count < options.MaxBatchCommits && queue.TryPeek(out var next) && (operations.Count == 0 || bytes + next.ContentBytes <= options.MaxBatchBytes))
            {
                bytes += next.ContentBytes;
                operations.Add(queue.Dequeue());
            }
        }

        return true;
    }

    void Write()
    {
        if (store is null)
        {
            FailAll(outage?.ForCallers ?? Closed());
            return;
        }

        StorageInstruments.Batch(operations.Count);
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            batch!.Clear();
            batch.WriteContents(operations);
            while (!TryApply()) StorageInstruments.Fault(SpoolFault.Corrupt);
            batch.Commit();
        }
        catch (Exception error)
        {
            if (batch!.IsCommitting) Resolve(error);
            else GiveUp(error);
            return;
        }

        StorageInstruments.Transaction(startedAt);
        batch.Publish();
        CompleteAll();
    }

    /// <summary>
    /// Carries out all operations in one transaction. The first that meets a damaged page, of a row or of an index, is refused and taken out, and what
    /// was done is rolled back: false tells to begin again, so that the others lose nothing by their neighbour.
    /// </summary>
    bool TryApply()
    {
        batch!.Begin();
        foreach (var operation in operations)
        {
            try
            {
                operation.Apply(batch);
            }
            catch (SqliteFailure failure) when (failure.IsCorrupt)
            {
                batch.RollBack();
                operations.Remove(operation);
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
        foreach (var operation in operations)
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
        foreach (var operation in operations) operation.Fail(error);
    }

    void Maintain()
    {
        var isQuiet = maintenanceDue && operations.Count == 0;
        maintenanceDue = false;
        try
        {
            store!.CheckpointIfDue();
            if (isQuiet) store.TrimLog();
            compaction.Step(batch!);
            store.Content.RemoveDead();
        }
        catch (Exception error)
        {
            batch!.RollBack();
            GoDown(error);
        }
    }

    void WakeForMaintenance()
    {
        lock (gate)
        {
            maintenanceDue = true;
            Monitor.Pulse(gate);
        }
    }

    static SpoolUnavailableException Closed() => new(SpoolFault.Closed, true, "The spool is closed.");
}
