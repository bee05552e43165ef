using System.IO.Hashing;
using Orleans.Mail.Storage.Events;
using Orleans.Serialization;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>A shard of a <see cref="SqliteSpool"/>, in one epoch.</summary>
sealed class SqliteSpoolShard(SpoolWriter writer, ShardState state, long epoch, EndOfDataMarks marks, Serializer<DeliveryEvent[]> serializer, int shardCount) : ISpoolShard
{
    readonly Lock _abandonedGate = new();
    MessageId[]? _abandoned;

    public int Number => state.Number;

    public long Epoch => epoch;

    /// <summary>One process at a time holds the folder's lock.</summary>
    public bool EarlierEpochsAreDead => true;

    public long LastEvent => state.Events.Last;

    public long FirstEvent => state.Events.First;

    public Task<CommitStatus> CommitAsync(SpoolCommit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        ArgumentOutOfRangeException.ThrowIfNegative(commit.ExpectedVersion, nameof(commit));
        if (commit.Id.ShardOf(shardCount) != Number) throw new ArgumentException("The message belongs to another shard.", nameof(commit));
        if (commit.Content is not null && commit.ExpectedVersion != 0) throw new ArgumentException("Content is given with the first commit only.", nameof(commit));
        if (commit.WaitsFor is { Length: 0 or > SpoolCommit.MaxSiteLength }) throw new ArgumentException($"The site to wait for must have 1 to {SpoolCommit.MaxSiteLength} characters.", nameof(commit));
        DeliveryEvent[] events = [.. commit.Events];
        var serialized = events.Length == 0 ? null : serializer.SerializeToArray(events);
        var hash = commit.Content is { } content ? XxHash3.HashToUInt64(content.Span) : 0;
        var operation = new CommitOperation(Number, epoch, commit, events, serialized, hash);
        writer.Enqueue(operation);
        return operation.Task;
    }

    public Task<MessageRecord?> ReadAsync(MessageId id, CancellationToken cancellationToken) => Query(connection =>
    {
        try
        {
            var find = connection.Find.Bind(1, Number).Bind(2, id);
            if (!find.Step()) return null;
            var record = ReadRecord(find);
            find.Reset();
            return record;
        }
        catch (SqliteFailure failure) when (failure.IsCorrupt)
        {
            throw new SpoolCorruptException("The record of the message cannot be read.", failure);
        }
    }, cancellationToken);

    public Task<ReadOnlyMemory<byte>?> ReadContentAsync(MessageId id, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<ReadOnlyMemory<byte>?>(cancellationToken);
        try
        {
            return Task.FromResult(ReadContent(id));
        }
        catch (Exception error) when (error is SpoolCorruptException or SpoolUnavailableException)
        {
            return Task.FromException<ReadOnlyMemory<byte>?>(error);
        }
    }

    public Task<IReadOnlyList<DueMessage>> ReadDueAsync(DateTimeOffset dueBefore, DueMessage? after, int limit, CancellationToken cancellationToken) => Query(connection =>
    {
        var before = dueBefore.ToUnixTimeMilliseconds();
        var query = after is { } last
            ? connection.DueAfter.Bind(1, Number).Bind(2, before).Bind(3, last.Due.ToUnixTimeMilliseconds()).Bind(4, last.Id).Bind(5, limit)
            : connection.Due.Bind(1, Number).Bind(2, before).Bind(3, limit);
        var result = new List<DueMessage>();
        while (query.Step()) result.Add(new DueMessage(query.Id(0), DateTimeOffset.FromUnixTimeMilliseconds(query.Int64(1))));
        return (IReadOnlyList<DueMessage>)result;
    }, cancellationToken);

    public Task<IReadOnlyList<WaitingMessage>> ReadWaitingAsync(string site, WaitingMessage? after, int limit, CancellationToken cancellationToken) => Query(connection =>
    {
        var result = new List<WaitingMessage>();
        if (after is { } last) Add(connection.WaitingInRank.Bind(1, Number).Bind(2, site).Bind(3, last.Rank).Bind(4, last.Arrival).Bind(5, limit));
        if (result.Count < limit) Add(connection.WaitingBelowRank.Bind(1, Number).Bind(2, site).Bind(3, after?.Rank ?? -1).Bind(4, limit - result.Count));
        return (IReadOnlyList<WaitingMessage>)result;

        void Add(Statement query)
        {
            while (query.Step()) result.Add(new WaitingMessage(query.Id(0), (byte)query.Int32(1), query.Int64(2)));
        }
    }, cancellationToken);

    public Task<int> CountWaitingAsync(string site, int atMost, CancellationToken cancellationToken) => Query(connection =>
    {
        var query = connection.CountWaiting.Bind(1, Number).Bind(2, site).Bind(3, atMost);
        var count = query.Step() ? query.Int32(0) : 0;
        query.Reset();
        return count;
    }, cancellationToken);

    public Task<bool> SetAsideAsync(MessageId id, DateTimeOffset until)
    {
        var operation = new SetAsideOperation(Number, epoch, id, until.ToUnixTimeMilliseconds());
        writer.Enqueue(operation);
        return operation.Task;
    }

    // Sorts all that are held for each page: only a spool that silos share has a use for it beside tests.
    public Task<IReadOnlyList<MessageId>> ReadHeldAsync(MessageId? after, int limit, CancellationToken cancellationToken) => Query(connection =>
    {
        var held = new List<MessageId>();
        var query = connection.Abandoned.Bind(1, Number).Bind(2, long.MaxValue);
        while (query.Step()) held.Add(query.Id(0));
        return (IReadOnlyList<MessageId>)[.. held.Where(id => after is null || id > after).Order().Take(limit)];
    }, cancellationToken);

    public Task<IReadOnlyList<MessageId>> ReadAbandonedAsync(MessageId? after, int limit, CancellationToken cancellationToken) => Query(connection =>
    {
        var result = new List<MessageId>();
        var ids = AbandonedIds(connection, after);
        var index = after is { } last ? Array.BinarySearch(ids, last) : -1;
        for (index = index < 0 && after is not null ? ~index : index + 1; index < ids.Length && result.Count < limit; index++)
        {
            var holder = connection.Holder.Bind(1, Number).Bind(2, ids[index]);
            if (!holder.Step()) continue;
            var heldBy = holder.Int64(0);
            holder.Reset();
            if (heldBy > 0 && heldBy < epoch) result.Add(ids[index]);
        }

        if (index == ids.Length)
        {
            lock (_abandonedGate) _abandoned = null;
        }

        return (IReadOnlyList<MessageId>)result;
    }, cancellationToken);

    public Task<IReadOnlyList<NumberedEvent>> ReadEventsAsync(long after, int limit, CancellationToken cancellationToken)
    {
        if (state.Events.TryRead(after, limit) is { } recent) return Task.FromResult<IReadOnlyList<NumberedEvent>>(recent);
        return Query(connection => (IReadOnlyList<NumberedEvent>)ReadEvents(connection, after, limit), cancellationToken);
    }

    public Task WaitForEventAsync(long after, CancellationToken cancellationToken) => state.Events.WaitAsync(after, cancellationToken);

    // Every record is here: to look at one costs no more than to look for its label.
    public Task<IReadOnlyList<MessageRecord>> ListAsync(MessageId? before, string? label, int limit, CancellationToken cancellationToken) => Query(connection =>
    {
        var query = before is { } id
            ? connection.ListBefore.Bind(1, Number).Bind(2, id).Bind(3, limit)
            : connection.List.Bind(1, Number).Bind(2, limit);
        var result = new List<MessageRecord>();
        while (query.Step()) result.Add(ReadRecord(query));
        return (IReadOnlyList<MessageRecord>)result;
    }, cancellationToken);

    public Task<int> PurgeAsync(DateTimeOffset finalBefore, int limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var operation = new PurgeOperation(Number, epoch, finalBefore.ToUnixTimeMilliseconds(), limit);
        writer.Enqueue(operation);
        return operation.Task;
    }

    public void MarkEndOfData(MessageId id, int attempt) => marks.Mark(Number, id, attempt);

    public EndOfDataMark ReadMark(MessageId id, int attempt, long epoch) => marks.Read(Number, id, attempt, epoch);

    public void ClearMark(MessageId id, int attempt) => marks.Clear(id, attempt);

    public Task<ShardCounts> CountAsync(CancellationToken cancellationToken) => Query(connection =>
    {
        var oldest = connection.OldestDue.Bind(1, Number);
        DateTimeOffset? due = null;
        if (oldest.Step())
        {
            due = DateTimeOffset.FromUnixTimeMilliseconds(oldest.Int64(0));
            oldest.Reset();
        }

        return new ShardCounts(state.Live, due);
    }, cancellationToken);

    ReadOnlyMemory<byte>? ReadContent(MessageId id)
    {
        const int tries = 8;
        ContentLocation? previous = null;
        for (var i = 0; ; i++)
        {
            var store = writer.Store();
            var location = store.Readers.Read(connection => FindContent(connection, id));
            if (location is null) return null;
            try
            {
                return store.Content.Read(id, location.Value);
            }
            catch (Exception error) when (error is FileNotFoundException or ObjectDisposedException)
            {
                // The content moved, or the message became final, between the two reads: look again.
                if (previous == location && error is FileNotFoundException || i == tries) throw new SpoolCorruptException($"Content segment {location.Value.Segment:D8}.seg is missing.", error);
                previous = location;
            }
            catch (IOException error)
            {
                throw StorageErrors.ForCallers(error, outcomeKnown: true);
            }
        }
    }

    ContentLocation? FindContent(ReadConnection connection, MessageId id)
    {
        var find = connection.Content.Bind(1, Number).Bind(2, id);
        if (!find.Step()) return null;
        ContentLocation? location = find.IsNull(0) ? null : new ContentLocation(find.Int32(0), find.Int64(1), find.Int32(2), unchecked((ulong)find.Int64(3)));
        find.Reset();
        return location;
    }

    List<NumberedEvent> ReadEvents(ReadConnection connection, long after, int limit)
    {
        var result = new List<NumberedEvent>();
        var start = EventPlace.Of(Number, 0);
        var from = EventPlace.Of(Number, after + 1);
        var containing = connection.EventsAt.Bind(1, from).Bind(2, start);
        if (containing.Step())
        {
            from = containing.Int64(0);
            EventRows.Read(containing.Blob(1), EventPlace.NumberOf(from), after, serializer, result);
            containing.Reset();
        }
        else
        {
            from--;
        }

        var following = connection.EventsFrom.Bind(1, from).Bind(2, EventPlace.Of(Number + 1, 0));
        while (result.Count < limit && following.Step()) EventRows.Read(following.Blob(1), EventPlace.NumberOf(following.Int64(0)), after, serializer, result);
        following.Reset();
        if (result.Count > limit) result.RemoveRange(limit, result.Count - limit);
        return result;
    }

    MessageId[] AbandonedIds(ReadConnection connection, MessageId? after)
    {
        lock (_abandonedGate)
        {
            if (_abandoned is not null && after is not null) return _abandoned;
        }

        // In one epoch messages only leave this set, so that it is read once for all pages.
        var ids = new List<MessageId>();
        var query = connection.Abandoned.Bind(1, Number).Bind(2, epoch);
        while (query.Step()) ids.Add(query.Id(0));
        ids.Sort();
        var result = ids.ToArray();
        lock (_abandonedGate) _abandoned = result;
        return result;
    }

    Task<T> Query<T>(Func<ReadConnection, T> query, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<T>(cancellationToken);
        try
        {
            return Task.FromResult(writer.Store().Readers.Read(query));
        }
        catch (Exception error) when (error is SpoolCorruptException or SpoolUnavailableException or InvalidOperationException)
        {
            return Task.FromException<T>(error);
        }
    }

    static MessageRecord ReadRecord(Statement row) => new(row.Id(0), row.Int64(1), row.Blob(2), Time(row.Int64OrNull(3)), Time(row.Int64OrNull(4)));

    static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}
