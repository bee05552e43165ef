using Azure;
using Azure.Data.Tables;
using Azure.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>
/// Orleans reminders in a table of Azure, row for row as Microsoft.Orleans.Reminders.AzureStorage keeps them. A read of a range answers only what
/// starts within the loading window, which is more than the official provider does: far-off reminders stay in the table.
/// </summary>
public sealed partial class AzureReminderTable : IReminderTable
{
    static readonly TimeSpan StartDelay = TimeSpan.FromSeconds(1);

    readonly ClusterTable _table;
    readonly ReminderRows _rows;
    readonly TimeSpan _window;
    readonly TimeProvider _clock;
    readonly ILogger<AzureReminderTable> _log;

    public AzureReminderTable(
        IOptions<AzureReminderOptions> options,
        IOptions<ClusterOptions> cluster,
        IOptions<ReminderOptions> reminders,
        TimeProvider clock,
        ILogger<AzureReminderTable> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(reminders);
        _table = new ClusterTable(options.Value, clock);
        _rows = new ReminderRows(cluster.Value.ServiceId, cluster.Value.ClusterId);
        _window = reminders.Value.ReminderLoadingWindow;
        _clock = clock;
        _log = log;
    }

    /// <summary>Makes the table where it is not there yet. Tries until it is told to stop: roles of an identity take minutes to be known everywhere.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await _table.CreateAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception failure) when (failure is OrleansException or RequestFailedException or AuthenticationFailedException)
            {
                LogNotStarted(failure, _table.Name);
            }

            await Task.Delay(StartDelay, _clock, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task Init() => StartAsync(CancellationToken.None);

    public async Task<ReminderTableData> ReadRows(GrainId grainId, CancellationToken cancellationToken)
    {
        var (found, _) = await _table.QueryAsync(_rows.OfGrain(grainId), cancellationToken).ConfigureAwait(false);
        return Read(found.Where(row => _rows.IsOf(row, grainId)));
    }

    /// <summary>Reminders of grains with a hash in (begin, end]; where begin is not below end the range goes around.</summary>
    public async Task<ReminderTableData> ReadRows(uint begin, uint end, CancellationToken cancellationToken)
    {
        var lastStart = LastStart();
        if (begin < end) return Read(await FindAsync(_rows.Inside(begin, end, lastStart), cancellationToken).ConfigureAwait(false));
        if (begin == end) return Read(await FindAsync(_rows.All(lastStart), cancellationToken).ConfigureAwait(false));
        // Two ranges in one filter would make Azure scan the table.
        var upper = FindAsync(_rows.Above(begin, lastStart), cancellationToken);
        var lower = FindAsync(_rows.UpTo(end, lastStart), cancellationToken);
        await Task.WhenAll(upper, lower).ConfigureAwait(false);
        return Read((await upper.ConfigureAwait(false)).Concat(await lower.ConfigureAwait(false)));
    }

    public async Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName, CancellationToken cancellationToken)
    {
        var row = await _table.FindAsync(_rows.Partition(grainId), ReminderRows.Key(grainId, reminderName), cancellationToken).ConfigureAwait(false);
        if (row is null || !_rows.IsOf(row, grainId)) return null;
        var entry = ReminderRows.Read(row);
        return entry.ReminderName == reminderName ? entry : null;
    }

    public async Task<string?> UpsertRow(ReminderEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return await _table.StoreAsync(_rows.Row(entry), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>False when there is no such reminder or it has another tag.</summary>
    public async Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag, CancellationToken cancellationToken)
    {
        // What is no tag of Azure is the tag of no row; the service would call it a bad request.
        if (eTag is null || !eTag.StartsWith("W/\"", StringComparison.Ordinal)) return false;
        return await _table.RemoveAsync(_rows.Partition(grainId), ReminderRows.Key(grainId, reminderName), new ETag(eTag), cancellationToken).ConfigureAwait(false);
    }

    public async Task TestOnlyClearTable(CancellationToken cancellationToken)
    {
        foreach (var row in await FindAsync(_rows.All(lastStart: null), cancellationToken).ConfigureAwait(false))
            await _table.RemoveAsync(row.PartitionKey, row.RowKey, ETag.All, cancellationToken).ConfigureAwait(false);
    }

    public Task<ReminderTableData> ReadRows(GrainId grainId) => ReadRows(grainId, CancellationToken.None);

    public Task<ReminderTableData> ReadRows(uint begin, uint end) => ReadRows(begin, end, CancellationToken.None);

    public Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName) => ReadRow(grainId, reminderName, CancellationToken.None);

    public Task<string?> UpsertRow(ReminderEntry entry) => UpsertRow(entry, CancellationToken.None);

    public Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag) => RemoveRow(grainId, reminderName, eTag, CancellationToken.None);

    public Task TestOnlyClearTable() => TestOnlyClearTable(CancellationToken.None);

    DateTime? LastStart()
    {
        var now = _clock.GetUtcNow();
        return _window < DateTimeOffset.MaxValue - now ? (now + _window).UtcDateTime : null;
    }

    async Task<List<TableEntity>> FindAsync(string filter, CancellationToken cancellationToken) => (await _table.QueryAsync(filter, cancellationToken).ConfigureAwait(false)).Rows;

    ReminderTableData Read(IEnumerable<TableEntity> found)
    {
        var entries = new List<ReminderEntry>();
        foreach (var row in found)
        {
            try
            {
                entries.Add(ReminderRows.Read(row));
            }
            catch (Exception failure) when (failure is FormatException or ArgumentException or InvalidOperationException or OverflowException)
            {
                // The others must tick all the same.
                LogUnreadable(failure, _table.Name, row.PartitionKey);
            }
        }

        return new ReminderTableData(entries);
    }

    [LoggerMessage(1711, LogLevel.Error, "The reminder table {Table} cannot be made or reached; trying on.")]
    partial void LogNotStarted(Exception failure, string table);

    [LoggerMessage(1712, LogLevel.Error, "A row of the reminder table {Table}, partition {Partition}, cannot be understood and is left out.")]
    partial void LogUnreadable(Exception failure, string table, string partition);
}
