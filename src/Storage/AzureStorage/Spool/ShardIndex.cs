namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>What the writer of a shard knows of a live message. Its label is empty where that is not known.</summary>
sealed record LiveMessage(MessageId Id, long Version, long Due, long Holder, string Site, byte Rank, long Arrival, int ContentLength, long ContentHash, string Blob, string Label)
{
    public const int NoContent = -1;
}

/// <summary>
/// The live messages of one shard, in memory: a shard has one writer, so that what is due and what waits need no rows of their own.
/// Commits wait for its lock, so that no list takes longer than it is long: each has an order of its own.
/// States and contents of the newest lie in a <see cref="RecordCache"/>.
/// </summary>
sealed class ShardIndex(RecordCache cache)
{
    static readonly MessageId Highest = new(UInt128.MaxValue);

    readonly Lock _gate = new();
    readonly int _owner = cache.NewOwner();
    readonly Dictionary<MessageId, LiveMessage> _live = [];

    // By label, of which there are few: one for each state of a message.
    readonly Dictionary<string, SortedSet<MessageId>> _byLabel = new(StringComparer.Ordinal);
    readonly SortedSet<MessageId> _held = [];
    readonly SortedSet<(long Due, MessageId Id)> _due = [];
    readonly Dictionary<string, SortedSet<(byte Rank, long Arrival, MessageId Id)>> _waiting = new(StringComparer.Ordinal);

    public LiveMessage? Find(MessageId id)
    {
        lock (_gate) return _live.GetValueOrDefault(id);
    }

    public void Set(LiveMessage message, byte[]? state, ReadOnlyMemory<byte>? content)
    {
        lock (_gate)
        {
            RemoveEntry(message.Id);
            _live[message.Id] = message;
            _due.Add((message.Due, message.Id));
            Add(_byLabel, message.Label, message.Id);
            if (message.Holder > 0) _held.Add(message.Id);
            if (message.Site.Length > 0) Add(_waiting, message.Site, (message.Rank, message.Arrival, message.Id));
            if (state is not null) cache.Keep(_owner, message.Id, state, content);
        }
    }

    public void Remove(MessageId id)
    {
        lock (_gate)
        {
            RemoveEntry(id);
            cache.Forget(_owner, id);
        }
    }

    public (LiveMessage? Message, byte[]? State, ReadOnlyMemory<byte>? Content) Read(MessageId id)
    {
        lock (_gate)
        {
            var message = _live.GetValueOrDefault(id);
            return cache.TryRead(_owner, id, out var state, out var content) ? (message, state, content) : (message, null, null);
        }
    }

    public List<DueMessage> Due(long before, DueMessage? after, int limit)
    {
        lock (_gate)
        {
            IEnumerable<(long Due, MessageId Id)> from = _due;
            if (after is { } last)
            {
                var cursor = (last.Due.ToUnixTimeMilliseconds(), last.Id);
                from = _due.GetViewBetween(cursor, (long.MaxValue, default)).Where(item => item.CompareTo(cursor) > 0);
            }

            return [.. from.TakeWhile(item => item.Due <= before).Take(limit).Select(item => new DueMessage(item.Id, DateTimeOffset.FromUnixTimeMilliseconds(item.Due)))];
        }
    }

    public List<WaitingMessage> Waiting(string site, WaitingMessage? after, int limit)
    {
        lock (_gate)
        {
            if (!_waiting.TryGetValue(site, out var queue)) return [];
            IEnumerable<(byte Rank, long Arrival, MessageId Id)> from = queue;
            if (after is { } last) from = queue.GetViewBetween((last.Rank, last.Arrival + 1, default), (byte.MaxValue, long.MaxValue, default));
            return [.. from.Take(limit).Select(item => new WaitingMessage(item.Id, item.Rank, item.Arrival))];
        }
    }

    public int CountWaiting(string site, int atMost)
    {
        lock (_gate) return _waiting.TryGetValue(site, out var queue) ? Math.Min(queue.Count, atMost) : 0;
    }

    /// <summary>Messages that an opening before this epoch held, in rising order of ids.</summary>
    public List<MessageId> Abandoned(long epoch, MessageId? after, int limit)
    {
        lock (_gate)
        {
            IEnumerable<MessageId> from = after is { } last ? _held.GetViewBetween(last, Highest).Where(id => id != last) : _held;
            return [.. from.Where(id => _live[id].Holder < epoch).Take(limit)];
        }
    }

    /// <summary>Ids in falling order; with a label, without those that are known to have another.</summary>
    public List<MessageId> Newest(MessageId? before, string? label, int limit)
    {
        lock (_gate) return [.. Labelled(label).SelectMany(ids => Falling(ids, before).Take(limit)).OrderDescending().Take(limit)];
    }

    /// <summary>How many live messages there are from the first to the last in falling order of ids; it counts no further than to a number.</summary>
    public int CountBetween(MessageId first, MessageId last, int atMost)
    {
        lock (_gate) return Labelled(null).SelectMany(ids => ids.GetViewBetween(last, first)).Take(atMost).Count();
    }

    public HashSet<string> Blobs()
    {
        lock (_gate) return [.. _live.Values.Where(message => message.Blob.Length > 0).Select(message => message.Blob)];
    }

    public ShardCounts Count()
    {
        lock (_gate) return new ShardCounts(_live.Count, _due.Count == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(_due.Min.Due));
    }

    // Those of no known label may have any.
    IEnumerable<SortedSet<MessageId>> Labelled(string? label) =>
        label is null ? _byLabel.Values : new[] { label, "" }.Distinct().Select(_byLabel.GetValueOrDefault).OfType<SortedSet<MessageId>>();

    static IEnumerable<MessageId> Falling(SortedSet<MessageId> ids, MessageId? before) =>
        before is { } end ? ids.GetViewBetween(default, end).Reverse().Where(id => id != end) : ids.Reverse();

    void RemoveEntry(MessageId id)
    {
        if (!_live.Remove(id, out var old)) return;
        _due.Remove((old.Due, id));
        _held.Remove(id);
        Remove(_byLabel, old.Label, id);
        if (old.Site.Length > 0) Remove(_waiting, old.Site, (old.Rank, old.Arrival, id));
    }

    static void Add<T>(Dictionary<string, SortedSet<T>> sets, string key, T item)
    {
        if (!sets.TryGetValue(key, out var set)) sets[key] = set = [];
        set.Add(item);
    }

    static void Remove<T>(Dictionary<string, SortedSet<T>> sets, string key, T item)
    {
        sets[key].Remove(item);
        if (sets[key].Count == 0) sets.Remove(key);
    }
}
