namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>What the writer of a shard knows of a live message. Its label is empty where that is not known.</summary>
sealed record LiveMessage(MessageId Id, long Version, long Due, long Holder, string Site, byte Rank, long Arrival, int ContentLength, long ContentHash, string Blob, string Label)
{
    public const int NoContent = -1;
}

/// <summary>
/// The live messages of one shard, in memory: a shard has one writer, so that what is due and what waits need no rows of their own.
/// States and contents of the newest are kept too, up to a number of octets.
/// </summary>
sealed class ShardIndex(long cacheBytes)
{
    readonly Lock _gate = new();
    readonly Dictionary<MessageId, LiveMessage> _live = [];
    readonly SortedSet<(long Due, MessageId Id)> _due = [];
    readonly Dictionary<string, SortedSet<(byte Rank, long Arrival, MessageId Id)>> _waiting = new(StringComparer.Ordinal);
    readonly Dictionary<MessageId, LinkedListNode<Kept>> _kept = [];
    readonly LinkedList<Kept> _order = new();
    long _keptBytes;

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
            if (message.Site.Length > 0)
            {
                if (!_waiting.TryGetValue(message.Site, out var queue)) _waiting[message.Site] = queue = [];
                queue.Add((message.Rank, message.Arrival, message.Id));
            }

            if (state is not null) Keep(message.Id, state, content);
        }
    }

    public void Remove(MessageId id)
    {
        lock (_gate)
        {
            RemoveEntry(id);
            Forget(id);
        }
    }

    public (LiveMessage? Message, byte[]? State, ReadOnlyMemory<byte>? Content) Read(MessageId id)
    {
        lock (_gate)
        {
            var message = _live.GetValueOrDefault(id);
            return _kept.TryGetValue(id, out var node) ? (message, node.Value.State, node.Value.Content) : (message, null, null);
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

    public List<MessageId> Abandoned(long epoch, MessageId? after, int limit)
    {
        lock (_gate) return [.. _live.Values.Where(message => message.Holder > 0 && message.Holder < epoch && (after is null || message.Id > after)).Select(message => message.Id).Order().Take(limit)];
    }

    /// <summary>Ids in falling order; with a label, without those that are known to have another.</summary>
    public List<MessageId> Newest(MessageId? before, string? label, int limit)
    {
        lock (_gate) return [.. _live.Values.Where(message => (before is null || message.Id < before) && (label is null || message.Label.Length == 0 || message.Label == label)).Select(message => message.Id).OrderDescending().Take(limit)];
    }

    /// <summary>How many live messages there are from the first to the last in falling order of ids.</summary>
    public int CountBetween(MessageId first, MessageId last)
    {
        lock (_gate) return _live.Keys.Count(id => id <= first && id >= last);
    }

    public HashSet<string> Blobs()
    {
        lock (_gate) return [.. _live.Values.Where(message => message.Blob.Length > 0).Select(message => message.Blob)];
    }

    public ShardCounts Count()
    {
        lock (_gate) return new ShardCounts(_live.Count, _due.Count == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(_due.Min.Due));
    }

    void RemoveEntry(MessageId id)
    {
        if (!_live.Remove(id, out var old)) return;
        _due.Remove((old.Due, id));
        if (old.Site.Length == 0) return;
        var queue = _waiting[old.Site];
        queue.Remove((old.Rank, old.Arrival, id));
        if (queue.Count == 0) _waiting.Remove(old.Site);
    }

    void Keep(MessageId id, byte[] state, ReadOnlyMemory<byte>? content)
    {
        content ??= _kept.TryGetValue(id, out var known) ? known.Value.Content : null;
        Forget(id);
        _kept[id] = _order.AddLast(new Kept(id, state, content));
        _keptBytes += _kept[id].Value.Bytes;
        while (_keptBytes > cacheBytes) Forget(_order.First!.Value.Id);
    }

    void Forget(MessageId id)
    {
        if (!_kept.Remove(id, out var node)) return;
        _keptBytes -= node.Value.Bytes;
        _order.Remove(node);
    }

    sealed record Kept(MessageId Id, byte[] State, ReadOnlyMemory<byte>? Content)
    {
        public long Bytes => State.Length + (Content?.Length ?? 0) + 200;
    }
}
