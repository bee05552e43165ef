using System.Buffers;
using System.Runtime.InteropServices;
using Orleans.Mail.Storage.Events;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>One transaction: what many operations write, and what changes in memory once it is durable.</summary>
sealed class SpoolBatch(SpoolStore store, IReadOnlyList<ShardState> shards)
{
    readonly ShardPart[] _parts = [.. shards.Select(shard => new ShardPart(shard))];
    readonly List<(int Segment, int Count, long Bytes)> _contentChanges = [];
    readonly List<(MessageId Id, ReadOnlyMemory<byte> Content, ulong Hash)> _contents = [];
    readonly List<CommitOperation> _withContent = [];
    ContentLocation[] _locations = [];
    bool _began;

    public SpoolStore Store => store;

    /// <summary>Whether the end of the transaction was asked for: from then on an error leaves its outcome open.</summary>
    public bool IsCommitting { get; private set; }

    public int ShardCount => _parts.Length;

    public WriteStatements Statements => store.Statements;

    /// <summary>Writes the contents of new messages and makes them durable, before any row names them.</summary>
    public void WriteContents(List<WriteOperation> operations)
    {
        _contents.Clear();
        _withContent.Clear();
        foreach (var operation in operations)
        {
            if (operation is not CommitOperation { Commit.Content: { } content } commit) continue;
            _contents.Add((commit.Commit.Id, content, commit.ContentHash));
            _withContent.Add(commit);
        }

        if (_contents.Count == 0) return;
        if (_locations.Length < _contents.Count) _locations = new ContentLocation[Math.Max(_contents.Count, 256)];
        store.Content.Append(CollectionsMarshal.AsSpan(_contents), _locations);
        for (var i = 0; i < _withContent.Count; i++) _withContent[i].Location = _locations[i];
        store.Content.Flush();
    }

    public ContentLocation CopyContent(MessageId id, ReadOnlyMemory<byte> content, ulong hash)
    {
        Span<ContentLocation> location = stackalloc ContentLocation[1];
        store.Content.Append([(id, content, hash)], location);
        return location[0];
    }

    public void Begin()
    {
        store.Database.Faults?.Before(StorageOperation.Begin);
        IsCommitting = false;
        Statements.Begin.Run();
        _began = true;
        store.Database.Faults?.After(StorageOperation.Begin);
    }

    /// <summary>The epoch of a shard as this transaction sees it.</summary>
    public long EpochOf(int shard) => _parts[shard].Epoch ??= OfAll(shard, ReadEpoch);

    public long RaiseEpoch(int shard)
    {
        OfAll(shard, number =>
        {
            Statements.RaiseEpoch.Bind(1, number).Run();
            return 0;
        });
        _parts[shard].Epoch = null;
        return EpochOf(shard);
    }

    long ReadEpoch(int shard)
    {
        var statement = Statements.Epoch.Bind(1, shard);
        if (!statement.Step()) throw new SqliteFailure(SQLitePCL.raw.SQLITE_CORRUPT, "a shard row is missing");
        var epoch = statement.Int64(0);
        statement.Reset();
        return epoch;
    }

    // Damage where all messages of a shard look is no single operation's trouble.
    static long OfAll(int shard, Func<int, long> access)
    {
        try
        {
            return access(shard);
        }
        catch (SqliteFailure failure) when (failure.IsCorrupt)
        {
            throw new SpoolUnavailableException(SpoolFault.Corrupt, true, $"The row of shard {shard} cannot be used ({failure.Message}).", failure);
        }
    }

    public ShardPart Part(int shard) => _parts[shard];

    public void ContentChanged(int segment, int count, int contentBytes) =>
        _contentChanges.Add((segment, count, (long)count * (contentBytes + ContentSegments.HeaderBytes)));

    /// <summary>Writes the events of all commits, and ends the transaction.</summary>
    public void Commit()
    {
        foreach (var part in _parts)
        {
            if (part.Events.Count == 0) continue;
            var first = part.Shard.Events.Last + 1;
            Statements.InsertEvents.Bind(1, EventPlace.Of(part.Shard.Number, first)).Bind(2, part.Events.Count)
                .Bind(3, part.WrittenAt).Bind(4, part.Row.WrittenSpan).Run();
        }

        IsCommitting = true;
        store.Database.Faults?.Before(StorageOperation.Commit);
        Statements.Commit.Run();
        _began = false;
        store.Database.Faults?.After(StorageOperation.Commit);
    }

    /// <summary>Carries over into memory what is durable now.</summary>
    public void Publish()
    {
        foreach (var (segment, count, bytes) in _contentChanges)
        {
            if (count > 0) store.Content.Retain(segment, count, bytes);
            else store.Content.Release(segment, -count, -bytes);
        }

        foreach (var part in _parts)
        {
            part.Shard.Live += part.LiveChange;
            if (part.FirstEvent is { } first) part.Shard.Events.Removed(first);
            if (part.Events.Count > 0) part.Shard.Events.Publish(part.Events);
        }

        Clear();
    }

    public void RollBack()
    {
        Clear();
        if (!_began) return;
        _began = false;
        try
        {
            Statements.RollBack.Run();
        }
        catch (SqliteFailure)
        {
            // SQLite rolled back by itself; the handles are given up in any case.
            return;
        }
    }

    public void Clear()
    {
        IsCommitting = false;
        _contentChanges.Clear();
        _contents.Clear();
        _withContent.Clear();
        foreach (var part in _parts) part.Clear();
    }

    /// <summary>What one transaction does to one shard.</summary>
    internal sealed class ShardPart(ShardState shard)
    {
        public ShardState Shard { get; } = shard;

        public long? Epoch { get; set; }

        public long LiveChange { get; set; }

        public long? FirstEvent { get; set; }

        public long WrittenAt { get; private set; }

        public List<DeliveryEvent> Events { get; } = [];

        public ArrayBufferWriter<byte> Row { get; } = new();

        public void AddEvents(DeliveryEvent[] events, ReadOnlySpan<byte> serialized, long writtenAt)
        {
            Events.AddRange(events);
            EventRows.Append(Row, serialized, events.Length);
            WrittenAt = Math.Max(WrittenAt, writtenAt);
        }

        public void Clear()
        {
            Epoch = null;
            LiveChange = 0;
            FirstEvent = null;
            WrittenAt = 0;
            Events.Clear();
            Row.ResetWrittenCount();
        }
    }
}
