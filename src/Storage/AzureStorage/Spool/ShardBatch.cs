using System.Buffers;
using Azure;
using Azure.Data.Tables;
using Orleans.Mail.Storage.Events;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>A commit that waits for its transaction.</summary>
sealed class PendingCommit(MessageId id, SpoolCommit? commit, DateTimeOffset? asideUntil)
{
    public TaskCompletionSource<CommitStatus> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MessageId Id => id;

    /// <summary>Null for a message that is set aside.</summary>
    public SpoolCommit? Commit => commit;

    public long AsideUntil => asideUntil?.ToUnixTimeMilliseconds() ?? 0;

    public DeliveryEvent[] Events { get; init; } = [];

    public byte[] SerializedEvents { get; init; } = [];

    public long ContentHash { get; init; }

    /// <summary>Name of the blob that holds the content; empty when the row does.</summary>
    public string Blob { get; init; } = "";

    /// <summary>Whether the table knows the message already, as a try to add it showed.</summary>
    public bool IsKnown { get; set; }

    /// <summary>What it keeps in memory: a content that is a blob too, until its caller is answered.</summary>
    public long HeldBytes => SerializedEvents.Length + (commit?.State.Length ?? 0) + (commit?.Content?.Length ?? 0) + 1024;

    public int Bytes => SerializedEvents.Length + (commit?.State.Length ?? 0) + (Blob.Length == 0 ? commit?.Content?.Length ?? 0 : 0) + 1024;
}

/// <summary>One transaction of a shard: its rows, and what changes in memory once it is durable.</summary>
sealed class ShardBatch(string partition, long epoch, FenceState before, ShardIndex index)
{
    // Azure takes 100 rows; the fence and the events take two.
    const int MaxMessageRows = 96;

    // Of one commit: the message, what is known of it, and that it was told something after its end.
    const int MaxCommitRows = 3;

    readonly HashSet<MessageId> _ids = [];
    readonly List<TableTransactionAction> _rows = [];
    readonly List<Action> _publish = [];
    readonly ArrayBufferWriter<byte> _events = new();
    readonly List<DeliveryEvent> _eventList = [];
    readonly List<MessageId> _ended = [];
    readonly List<MessageId> _reopened = [];
    long _writtenAt;

    public FenceState After { get; private set; } = before with { Number = before.Number + 1 };

    public List<(PendingCommit Commit, CommitStatus Status)> Answers { get; } = [];

    public List<string> DeadBlobs { get; } = [];

    /// <summary>Messages that it tells something after their end.</summary>
    public IReadOnlyList<MessageId> Reopened => _reopened;

    public int Bytes { get; private set; }

    /// <summary>Octets of events so far, all of which lie in one row.</summary>
    public int EventBytes => _events.WrittenCount;

    public bool IsEmpty => _rows.Count == 0;

    /// <summary>Rows so far, without the fence and the events.</summary>
    public int Count => _rows.Count;

    public bool IsFull => _rows.Count > MaxMessageRows - MaxCommitRows;

    public bool Contains(MessageId id) => _ids.Contains(id);

    public void Add(PendingCommit pending, MessageRecord? final)
    {
        var old = index.Find(pending.Id);
        var version = old?.Version ?? final?.Version ?? 0;
        var refused = pending.Commit is { } wanted ? version != wanted.ExpectedVersion || pending.IsKnown && wanted.ExpectedVersion == 0 : old is null;
        Answers.Add((pending, refused ? CommitStatus.Conflict : CommitStatus.Committed));
        if (refused) return;
        _ids.Add(pending.Id);
        Bytes += pending.Bytes;
        if (pending.Commit is { } commit) Apply(pending, commit, old, version);
        else SetAside(old! with { Version = version + 1, Due = pending.AsideUntil, Holder = 0, Site = "", Rank = 0, Label = "" });
    }

    public void Delete(string row, ETag tag) => _rows.Add(new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, row), tag));

    public void DeleteEvents(TableEntity row)
    {
        Delete(row.RowKey, ETag.All);
        After = After with { FirstEvent = SpoolRows.FirstOf(row) + (row.GetInt32("Count") ?? 0) };
    }

    /// <summary>All rows of the transaction, the fence first.</summary>
    public List<TableTransactionAction> Rows()
    {
        var first = before.LastEvent + 1;
        After = After with { LastEvent = before.LastEvent + _eventList.Count };
        var result = new List<TableTransactionAction> { new(TableTransactionActionType.UpdateReplace, After.ToRow(partition, epoch), before.Tag) };
        result.AddRange(_rows);
        if (_eventList.Count == 0) return result;
        var row = new TableEntity(partition, SpoolRows.Events(first)) { ["Count"] = _eventList.Count, ["At"] = _writtenAt };
        SpoolRows.SetParts(row, "Data", _events.WrittenSpan);
        SpoolRows.SetEnded(row, _ended);
        result.Add(new TableTransactionAction(TableTransactionActionType.UpsertReplace, row));
        return result;
    }

    /// <summary>Carries over into memory what is durable now.</summary>
    public void Publish(ShardEvents shown)
    {
        foreach (var change in _publish) change();
        if (After.FirstEvent != before.FirstEvent) shown.Removed(After.FirstEvent);
        if (_eventList.Count > 0) shown.Publish(_eventList);
    }

    void Apply(PendingCommit pending, SpoolCommit commit, LiveMessage? old, long version)
    {
        var known = new TableEntity(partition, SpoolRows.Known(commit.Id));
        if (commit.Due is { } due)
        {
            var message = new LiveMessage(commit.Id, version + 1, due.ToUnixTimeMilliseconds(), commit.IsHeld ? epoch : 0, commit.WaitsFor ?? "", commit.WaitsFor is null ? (byte)0 : commit.Rank,
                old?.Arrival ?? NextArrival(), old?.ContentLength ?? commit.Content?.Length ?? LiveMessage.NoContent, old?.ContentHash ?? pending.ContentHash, old?.Blob ?? pending.Blob, commit.Label);
            var row = ToRow(message);
            SpoolRows.SetParts(row, "State", commit.State);
            if (old is null && commit.Content is { } content && pending.Blob.Length == 0) SpoolRows.SetParts(row, "Content", content.Span);
            if (old is null)
            {
                _rows.Add(new TableTransactionAction(version == 0 ? TableTransactionActionType.Add : TableTransactionActionType.UpsertReplace, known));
                _rows.Add(new TableTransactionAction(TableTransactionActionType.Add, row));
            }
            else
            {
                _rows.Add(new TableTransactionAction(TableTransactionActionType.UpdateMerge, row, ETag.All));
            }

            _publish.Add(() => index.Set(message, commit.State, old is null ? commit.Content : null));
        }
        else
        {
            known["Version"] = version + 1;
            known["FinalAt"] = commit.At.ToUnixTimeMilliseconds();
            known["Label"] = commit.Label;
            SpoolRows.SetParts(known, "State", commit.State);
            _rows.Add(new TableTransactionAction(version == 0 ? TableTransactionActionType.Add : TableTransactionActionType.UpsertReplace, known));
            if (old is not null) Delete(SpoolRows.Live(commit.Id), ETag.All);
            if (old is { Blob.Length: > 0 }) DeadBlobs.Add(old.Blob);
            _ended.Add(commit.Id);
            _publish.Add(() => index.Remove(commit.Id));
        }

        if (old is null && version > 0)
        {
            _rows.Add(new TableTransactionAction(TableTransactionActionType.UpsertReplace, new TableEntity(partition, SpoolRows.Reopened(commit.Id))));
            _reopened.Add(commit.Id);
        }

        if (pending.Events.Length == 0) return;
        EventRows.Append(_events, pending.SerializedEvents, pending.Events.Length);
        _eventList.AddRange(pending.Events);
        _writtenAt = Math.Max(_writtenAt, commit.At.ToUnixTimeMilliseconds());
    }

    void SetAside(LiveMessage message)
    {
        _rows.Add(new TableTransactionAction(TableTransactionActionType.UpdateMerge, ToRow(message), ETag.All));
        var (state, content) = (index.Read(message.Id).State, index.Read(message.Id).Content);
        _publish.Add(() => index.Set(message, state, content));
    }

    long NextArrival()
    {
        After = After with { Arrivals = After.Arrivals + 1 };
        return After.Arrivals;
    }

    TableEntity ToRow(LiveMessage message) => new(partition, SpoolRows.Live(message.Id))
    {
        ["Version"] = message.Version,
        ["Due"] = message.Due,
        ["Holder"] = message.Holder,
        ["Site"] = message.Site,
        ["Rank"] = (int)message.Rank,
        ["Arrival"] = message.Arrival,
        ["Octets"] = message.ContentLength,
        ["Hash"] = message.ContentHash,
        ["Blob"] = message.Blob,
        ["Label"] = message.Label,
        ["LabelVersion"] = message.Version,
    };
}

/// <summary>
/// The fence row: who writes, and the counters that every transaction carries on. Messages that became final at <c>LabelledFrom</c> (ms since 1970) or later have a
/// label; it is null where a writer that knows no labels wrote last, since that one replaces this row without the column.
/// </summary>
sealed record FenceState(ETag Tag, long Epoch, long Number, long FirstEvent, long LastEvent, long Arrivals, long? LabelledFrom)
{
    public static FenceState From(TableEntity row) =>
        new(row.ETag, row.GetInt64("Epoch") ?? 0, row.GetInt64("Number") ?? 0, row.GetInt64("FirstEvent") ?? 1, row.GetInt64("LastEvent") ?? 0, row.GetInt64("Arrivals") ?? 0, row.GetInt64("LabelledFrom"));

    public TableEntity ToRow(string partition, long epoch) => new(partition, SpoolRows.Fence)
    {
        ["Epoch"] = epoch,
        ["Number"] = Number,
        ["FirstEvent"] = FirstEvent,
        ["LastEvent"] = LastEvent,
        ["Arrivals"] = Arrivals,
        ["LabelledFrom"] = LabelledFrom,
    };
}
