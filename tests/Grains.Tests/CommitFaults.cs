using System.Collections.Concurrent;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Tests;

/// <summary>How a commit fails.</summary>
public enum CommitFault
{
    /// <summary>Nothing was stored, and the caller knows.</summary>
    Refused,

    /// <summary>Nothing was stored, and the caller does not know.</summary>
    LostBefore,

    /// <summary>It was stored, and the caller does not know.</summary>
    LostAfter,
}

/// <summary>Makes the n-th commit of a real spool fail, or all of them.</summary>
public sealed class CommitFaults
{
    readonly Lock _lock = new();
    int _left;
    CommitFault _fault;

    /// <summary>Whether somebody else has opened the shards, as the store knows.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>Whether the spool says that several silos share it, and so keeps no notes of what a process had come to.</summary>
    public bool IsShared { get; set; }

    /// <summary>While set, every commit is refused.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether the commit that was to fail came.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The message whose record cannot be read.</summary>
    public MessageId? Unreadable { get; set; }

    /// <summary>Whether not even its row can be changed.</summary>
    public bool IsUnmarkable { get; set; }

    /// <summary>How often it was tried to read it.</summary>
    public int ReadInVain => _readInVain;

    int _readInVain;

    /// <summary>The newest opening of each shard.</summary>
    public ConcurrentDictionary<int, ISpoolShard> Opened { get; } = new();

    public void FailOnly(int number, CommitFault fault)
    {
        lock (_lock)
        {
            (_left, _fault, HasFailed) = (number, fault, false);
        }
    }

    public ISpool Around(ISpool spool) => new Spool(spool, this);

    CommitFault? Next()
    {
        lock (_lock)
        {
            if (IsDown) return CommitFault.Refused;
            if (_left == 0 || --_left > 0) return null;
            HasFailed = true;
            return _fault;
        }
    }

    sealed class Spool(ISpool inner, CommitFaults faults) : ISpool
    {
        public int ShardCount => inner.ShardCount;

        public bool IsShared => inner.IsShared || faults.IsShared;

        public async Task<ISpoolShard> OpenShardAsync(int shard, CancellationToken cancellationToken) =>
            faults.Opened[shard] = new Shard(await inner.OpenShardAsync(shard, cancellationToken), faults);
    }

    sealed class Shard(ISpoolShard inner, CommitFaults faults) : ISpoolShard
    {
        public int Number => inner.Number;

        public long Epoch => inner.Epoch;

        public bool EarlierEpochsAreDead => inner.EarlierEpochsAreDead;

        public long LastEvent => inner.LastEvent;

        public long FirstEvent => inner.FirstEvent;

        public async Task<CommitStatus> CommitAsync(SpoolCommit commit)
        {
            var fault = faults.Next();
            if (fault is CommitFault.LostAfter) await inner.CommitAsync(commit);
            if (fault is { } how) throw new SpoolUnavailableException(SpoolFault.Io, how is CommitFault.Refused, "A fault of the test.");
            return await inner.CommitAsync(commit);
        }

        public Task<MessageRecord?> ReadAsync(MessageId id, CancellationToken cancellationToken)
        {
            if (faults.Unreadable != id) return inner.ReadAsync(id, cancellationToken);
            Interlocked.Increment(ref faults._readInVain);
            return Task.FromException<MessageRecord?>(new SpoolCorruptException());
        }

        public Task<ReadOnlyMemory<byte>?> ReadContentAsync(MessageId id, CancellationToken cancellationToken) => inner.ReadContentAsync(id, cancellationToken);

        public Task<IReadOnlyList<DueMessage>> ReadDueAsync(DateTimeOffset dueBefore, DueMessage? after, int limit, CancellationToken cancellationToken) => inner.ReadDueAsync(dueBefore, after, limit, cancellationToken);

        public Task<IReadOnlyList<WaitingMessage>> ReadWaitingAsync(string site, WaitingMessage? after, int limit, CancellationToken cancellationToken) => inner.ReadWaitingAsync(site, after, limit, cancellationToken);

        public Task<int> CountWaitingAsync(string site, int atMost, CancellationToken cancellationToken) => inner.CountWaitingAsync(site, atMost, cancellationToken);

        public Task<bool> SetAsideAsync(MessageId id, DateTimeOffset until) =>
            faults is { IsUnmarkable: true } && faults.Unreadable == id ? Task.FromException<bool>(new SpoolCorruptException()) : inner.SetAsideAsync(id, until);

        public Task<IReadOnlyList<MessageId>> ReadHeldAsync(MessageId? after, int limit, CancellationToken cancellationToken) => inner.ReadHeldAsync(after, limit, cancellationToken);

        public Task<IReadOnlyList<MessageId>> ReadAbandonedAsync(MessageId? after, int limit, CancellationToken cancellationToken) => inner.ReadAbandonedAsync(after, limit, cancellationToken);

        public Task<IReadOnlyList<NumberedEvent>> ReadEventsAsync(long after, int limit, CancellationToken cancellationToken) => inner.ReadEventsAsync(after, limit, cancellationToken);

        public Task WaitForEventAsync(long after, CancellationToken cancellationToken) => inner.WaitForEventAsync(after, cancellationToken);

        public Task<IReadOnlyList<MessageRecord>> ListAsync(MessageId? before, string? label, int limit, CancellationToken cancellationToken) => inner.ListAsync(before, label, limit, cancellationToken);

        public Task<int> PurgeAsync(DateTimeOffset finalBefore, int limit, CancellationToken cancellationToken) =>
            faults.IsReplaced ? Task.FromException<int>(new SpoolFencedException()) : inner.PurgeAsync(finalBefore, limit, cancellationToken);

        public void MarkEndOfData(MessageId id, int attempt) => inner.MarkEndOfData(id, attempt);

        public EndOfDataMark ReadMark(MessageId id, int attempt, long epoch) => faults.IsShared ? EndOfDataMark.Unknown : inner.ReadMark(id, attempt, epoch);

        public void ClearMark(MessageId id, int attempt) => inner.ClearMark(id, attempt);

        public Task<ShardCounts> CountAsync(CancellationToken cancellationToken) => inner.CountAsync(cancellationToken);
    }
}
