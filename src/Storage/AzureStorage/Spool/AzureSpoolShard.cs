using System.IO.Hashing;
using Azure.Data.Tables;
using Orleans.Mail.Storage.Events;
using Orleans.Serialization;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>A shard of an <see cref="AzureSpool"/>, in one epoch.</summary>
sealed class AzureSpoolShard(int number, int shardCount, FenceState opened, ShardTable table, ShardIndex index, ShardEvents events, ShardWriter writer, Serializer<DeliveryEvent[]> serializer, SemaphoreSlim reading) : ISpoolShard
{
    const int MaxStateBytes = 450_000;

    // Of rows, read for a list whose records lie far apart: one by one they are asked for at once.
    const int MaxListPages = 8;

    // What no row names is little, and to find it all rows are read.
    static readonly TimeSpan SweepInterval = TimeSpan.FromDays(1);

    DateTimeOffset? _sweptAt;

    public int Number => number;

    public long Epoch => opened.Epoch;

    /// <summary>An earlier writer may still be at work on another machine: only its commits fail.</summary>
    public bool EarlierEpochsAreDead => false;

    public long LastEvent => events.Last;

    public long FirstEvent => events.First;

    public async Task<CommitStatus> CommitAsync(SpoolCommit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        ArgumentOutOfRangeException.ThrowIfNegative(commit.ExpectedVersion, nameof(commit));
        if (commit.Id.ShardOf(shardCount) != number) throw new ArgumentException("The message belongs to another shard.", nameof(commit));
        if (commit.Content is not null && commit.ExpectedVersion != 0) throw new ArgumentException("Content is given with the first commit only.", nameof(commit));
        if (commit.WaitsFor is { Length: 0 or > SpoolCommit.MaxSiteLength }) throw new ArgumentException($"The site to wait for must have 1 to {SpoolCommit.MaxSiteLength} characters.", nameof(commit));
        DeliveryEvent[] list = [.. commit.Events];
        var serialized = list.Length == 0 ? [] : serializer.SerializeToArray(list);
        if (commit.State.Length > MaxStateBytes || serialized.Length > MaxStateBytes) throw new ArgumentException($"State and events must have at most {MaxStateBytes} octets each.", nameof(commit));
        var blob = "";
        if (commit is { Content: { } content, Due: not null } && content.Length > table.Account.Options.MaxInlineBytes) blob = await ContentBlobs.WriteAsync(table.Account, number, commit.Id, content).ConfigureAwait(false);
        return await writer.CommitAsync(new PendingCommit(commit.Id, commit, null)
        {
            Events = list,
            SerializedEvents = serialized,
            ContentHash = commit.Content is { } octets ? Hash(octets.Span) : 0,
            Blob = blob,
        }).ConfigureAwait(false);
    }

    public async Task<MessageRecord?> ReadAsync(MessageId id, CancellationToken cancellationToken)
    {
        writer.ThrowIfFenced();
        var (message, state, _) = index.Read(id);
        if (message is not null && state is null)
        {
            var row = await table.FindLiveAsync(id, cancellationToken).ConfigureAwait(false);
            if (row is not null) return SpoolRows.LiveRecord(id, row);
            message = null;
        }

        if (message is not null) return new MessageRecord(id, message.Version, state!, Time(message.Due), null);
        return await table.FindFinalAsync(id, cancellationToken).ConfigureAwait(false) is { FinalAt: { } at } final && at > DateTimeOffset.UnixEpoch ? final : null;
    }

    public async Task<ReadOnlyMemory<byte>?> ReadContentAsync(MessageId id, CancellationToken cancellationToken)
    {
        writer.ThrowIfFenced();
        var (message, _, content) = index.Read(id);
        if (message is null || message.ContentLength == LiveMessage.NoContent) return null;
        if (content is not null) return content;
        var octets = message.Blob.Length > 0
            ? await ContentBlobs.ReadAsync(table.Account, message.Blob, cancellationToken).ConfigureAwait(false)
            : await table.FindLiveAsync(id, cancellationToken).ConfigureAwait(false) is { } row ? SpoolRows.GetParts(row, "Content") : null;
        // It may have become final while it was read.
        if (octets is null && index.Find(id) is null) return null;
        if (octets is null || octets.Length != message.ContentLength || Hash(octets) != message.ContentHash) throw new SpoolCorruptException("The stored content is not what was accepted.");
        return octets;
    }

    public Task<IReadOnlyList<DueMessage>> ReadDueAsync(DateTimeOffset dueBefore, DueMessage? after, int limit, CancellationToken cancellationToken) =>
        Known<IReadOnlyList<DueMessage>>(() => index.Due(dueBefore.ToUnixTimeMilliseconds(), after, limit));

    public Task<IReadOnlyList<WaitingMessage>> ReadWaitingAsync(string site, WaitingMessage? after, int limit, CancellationToken cancellationToken) =>
        Known<IReadOnlyList<WaitingMessage>>(() => index.Waiting(site, after, limit));

    public Task<int> CountWaitingAsync(string site, int atMost, CancellationToken cancellationToken) => Known(() => index.CountWaiting(site, atMost));

    public async Task<bool> SetAsideAsync(MessageId id, DateTimeOffset until) =>
        await writer.CommitAsync(new PendingCommit(id, null, until)).ConfigureAwait(false) == CommitStatus.Committed;

    public Task<IReadOnlyList<MessageId>> ReadHeldAsync(MessageId? after, int limit, CancellationToken cancellationToken) =>
        Known<IReadOnlyList<MessageId>>(() => index.Abandoned(long.MaxValue, after, limit));

    public Task<IReadOnlyList<MessageId>> ReadAbandonedAsync(MessageId? after, int limit, CancellationToken cancellationToken) =>
        Known<IReadOnlyList<MessageId>>(() => index.Abandoned(Epoch, after, limit));

    public async Task<IReadOnlyList<NumberedEvent>> ReadEventsAsync(long after, int limit, CancellationToken cancellationToken)
    {
        writer.ThrowIfFenced();
        if (events.TryRead(after, limit) is { } recent) return recent;
        // Who comes after a shard has moved comes with others, for the same.
        await reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return events.TryRead(after, limit) ?? await ReadStoredEventsAsync(after, limit, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            reading.Release();
        }
    }

    async Task<IReadOnlyList<NumberedEvent>> ReadStoredEventsAsync(long after, int limit, CancellationToken cancellationToken)
    {
        // From near the end, all of them: they are kept in memory then.
        var missing = events.Last - after;
        var most = missing <= ShardTable.PageRows ? Math.Max(limit, (int)missing) : limit;
        var read = new List<NumberedEvent>();
        foreach (var row in await ReadRowsAsync(Math.Max(events.First, after + 1), most, cancellationToken).ConfigureAwait(false))
        {
            // A row may hold the events of many commits: fewer rows do.
            if (SpoolRows.FirstOf(row) > after + most) break;
            EventRows.Read(SpoolRows.GetParts(row, "Data") ?? [], SpoolRows.FirstOf(row), events.First - 1, serializer, read);
        }

        // A row may have been written after the events that are shown.
        read.RemoveAll(item => item.Number > events.Last);
        events.Keep(read);
        return [.. read.Where(item => item.Number > after).Take(limit)];
    }

    public Task WaitForEventAsync(long after, CancellationToken cancellationToken) => events.WaitAsync(after, cancellationToken);

    public async Task<IReadOnlyList<MessageRecord>> ListAsync(MessageId? before, string? label, int limit, CancellationToken cancellationToken)
    {
        writer.ThrowIfFenced();
        var result = await ListLiveAsync(index.Newest(before, label, limit), cancellationToken).ConfigureAwait(false);
        var from = before is { } last ? SpoolRows.Known(last) + "0" : "m";
        // Where the page is full already, only final messages that belong before its end.
        var to = result.Count == limit ? SpoolRows.Known(result[^1].Id) : "n";
        foreach (var row in await table.QueryAsync(from, to, FinalOf(label), limit, cancellationToken).ConfigureAwait(false)) result.Add(SpoolRows.FinalRecord(SpoolRows.IdOf(row.RowKey), row));
        return [.. result.DistinctBy(record => record.Id).OrderByDescending(record => record.Id).Take(limit)];
    }

    // The table looks for what is wanted; it cannot look for rows without a label, which older writers left.
    string FinalOf(string? label) => label is null ? "FinalAt gt 0L" : TableClient.CreateQueryFilter($"FinalAt gt 0L and (Label eq {label} or FinalAt lt {opened.LabelledFrom ?? 0})");

    /// <summary>Records of live messages, in falling order of ids. What is not in memory is read by the fewest requests.</summary>
    async Task<List<MessageRecord>> ListLiveAsync(List<MessageId> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<MessageId, MessageRecord>();
        var missing = new List<MessageId>();
        foreach (var id in ids)
        {
            if (index.Read(id) is ({ } message, { } state, _)) found[id] = new MessageRecord(id, message.Version, state, Time(message.Due), null);
            else missing.Add(id);
        }

        // A query reads all rows between them, a thousand a request, one request after the other.
        var mostRows = Math.Min(missing.Count - 1, MaxListPages) * ShardTable.PageRows;
        if (missing.Count > 1 && index.CountBetween(missing[0], missing[^1], mostRows) < mostRows)
        {
            var wanted = missing.ToHashSet();
            foreach (var record in await table.ReadLiveAsync(missing[0], missing[^1], cancellationToken).ConfigureAwait(false))
                if (wanted.Contains(record.Id)) found[record.Id] = record;
        }
        else
        {
            foreach (var record in await Task.WhenAll(missing.Select(id => ReadAsync(id, cancellationToken))).ConfigureAwait(false))
                if (record is not null) found[record.Id] = record;
        }

        return [.. ids.Select(found.GetValueOrDefault).OfType<MessageRecord>()];
    }

    public async Task<int> PurgeAsync(DateTimeOffset finalBefore, int limit, CancellationToken cancellationToken)
    {
        var removed = await writer.PurgeAsync(finalBefore.ToUnixTimeMilliseconds(), limit, cancellationToken).ConfigureAwait(false);
        if (removed > 0) return removed;
        var now = table.Account.Clock.GetUtcNow();
        _sweptAt ??= await table.FindSweptAtAsync(cancellationToken).ConfigureAwait(false);
        if (now - _sweptAt < SweepInterval) return 0;
        removed = await writer.PurgeUnnamedAsync(finalBefore.ToUnixTimeMilliseconds(), cancellationToken).ConfigureAwait(false);
        await ContentBlobs.SweepAsync(table.Account, number, index, cancellationToken).ConfigureAwait(false);
        await table.NoteSweptAsync(now, cancellationToken).ConfigureAwait(false);
        _sweptAt = now;
        return removed;
    }

    public Task VerifyAsync(CancellationToken cancellationToken) => writer.VerifyAsync(cancellationToken);

    /// <summary>No note outlives the machine here: an attempt of an earlier epoch tells by its own commits, or is in doubt.</summary>
    public void MarkEndOfData(MessageId id, int attempt)
    {
    }

    public EndOfDataMark ReadMark(MessageId id, int attempt, long epoch) => EndOfDataMark.Unknown;

    public void ClearMark(MessageId id, int attempt)
    {
    }

    public Task<ShardCounts> CountAsync(CancellationToken cancellationToken) => Task.FromResult(index.Count());

    Task<T> Known<T>(Func<T> read)
    {
        try
        {
            writer.ThrowIfFenced();
            return Task.FromResult(read());
        }
        catch (SpoolFencedException fenced)
        {
            return Task.FromException<T>(fenced);
        }
    }

    // The row that holds an event may begin before it, by at most the events of one transaction.
    async Task<List<TableEntity>> ReadRowsAsync(long from, int limit, CancellationToken cancellationToken)
    {
        for (var back = 128L; ; back *= 4)
        {
            var start = Math.Max(events.First, from - back);
            var rows = await table.QueryAsync(SpoolRows.Events(start), "f", null, limit + (int)(from - start), cancellationToken).ConfigureAwait(false);
            if (start == events.First || rows.Count > 0 && SpoolRows.FirstOf(rows[0]) <= from) return rows;
        }
    }

    static long Hash(ReadOnlySpan<byte> octets) => unchecked((long)XxHash3.HashToUInt64(octets));

    static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
