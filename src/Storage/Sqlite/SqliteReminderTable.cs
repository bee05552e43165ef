using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>
/// Orleans reminders in the file of the spool. A read of a range answers only what starts within the loading window: the reminder service
/// loads nothing else, and far-off reminders then cost nothing at a refresh.
/// </summary>
public sealed class SqliteReminderTable : IReminderTable
{
    readonly SqliteSpool _spool;
    readonly string _serviceId;
    readonly TimeSpan _window;
    readonly TimeProvider _clock;

    public SqliteReminderTable(SqliteSpool spool, IOptions<ClusterOptions> cluster, IOptions<ReminderOptions> reminders, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(reminders);
        ArgumentNullException.ThrowIfNull(clock);
        _spool = spool;
        _clock = clock;
        _serviceId = cluster.Value.ServiceId;
        _window = reminders.Value.ReminderLoadingWindow;
    }

    /// <summary>Opens the file; fails when it cannot be used.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => Query(_ => true);

    public Task Init() => StartAsync(CancellationToken.None);

    public Task<ReminderTableData> ReadRows(GrainId grainId) => Query(connection =>
        ReadAll(connection.RemindersOfGrain.Bind(1, _serviceId).Bind(2, grainId.ToString())));

    /// <summary>Reminders of grains with a hash in (begin, end]; where begin is not below end the range goes around.</summary>
    public Task<ReminderTableData> ReadRows(uint begin, uint end) => Query(connection =>
    {
        var query = begin < end ? connection.RemindersInside : connection.RemindersAround;
        return ReadAll(query.Bind(1, _serviceId).Bind(2, LastStart()).Bind(3, begin).Bind(4, end));
    });

    public Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName) => Query(connection =>
    {
        var query = connection.Reminder.Bind(1, _serviceId).Bind(2, grainId.ToString()).Bind(3, reminderName);
        if (!query.Step()) return null;
        var entry = ReadEntry(query);
        query.Reset();
        return entry;
    });

    public async Task<string?> UpsertRow(ReminderEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var operation = new UpsertReminderOperation(_serviceId, entry, NextTag());
        _spool.Writer().Enqueue(operation);
        var tag = await operation.Task.ConfigureAwait(false);
        return tag.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>False when there is no such reminder or it has another tag.</summary>
    public async Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag)
    {
        if (!long.TryParse(eTag, NumberStyles.None, CultureInfo.InvariantCulture, out var tag)) return false;
        var operation = new RemoveReminderOperation(_serviceId, grainId.ToString(), reminderName, tag);
        _spool.Writer().Enqueue(operation);
        return await operation.Task.ConfigureAwait(false);
    }

    public Task TestOnlyClearTable()
    {
        var operation = new ClearRemindersOperation(_serviceId);
        _spool.Writer().Enqueue(operation);
        return operation.Task;
    }

    long LastStart()
    {
        var now = _clock.GetUtcNow();
        return _window < DateTimeOffset.MaxValue - now ? (now + _window).UtcTicks : long.MaxValue;
    }

    /// <summary>A tag that was never given before, in this run or an earlier one, whatever the clock says.</summary>
    static long NextTag() => BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue;

    async Task<T> Query<T>(Func<ReadConnection, T> query)
    {
        var writer = _spool.Writer();
        await writer.OpenedAsync().ConfigureAwait(false);
        return writer.Store().Readers.Read(query);
    }

    static ReminderTableData ReadAll(Statement query)
    {
        var entries = new List<ReminderEntry>();
        while (query.Step()) entries.Add(ReadEntry(query));
        return new ReminderTableData(entries);
    }

    static ReminderEntry ReadEntry(Statement row) => new()
    {
        GrainId = GrainId.Parse(row.Text(0), CultureInfo.InvariantCulture),
        ReminderName = row.Text(1),
        StartAt = new DateTime(row.Int64(2), DateTimeKind.Utc),
        Period = TimeSpan.FromTicks(row.Int64(3)),
        ETag = row.Int64(4).ToString(CultureInfo.InvariantCulture),
    };
}
