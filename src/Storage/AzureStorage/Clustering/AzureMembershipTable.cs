using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Storage;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>
/// The members of a cluster in a table of Azure, readable and writable by Microsoft.Orleans.Clustering.AzureStorage at the same time. All rows
/// lie in one partition, so a change of a row and the next version of the table are one transaction.
/// </summary>
public sealed partial class AzureMembershipTable : IMembershipTable
{
    const int MaxSnapshots = 5;

    // Waits between tries at the start grow up to that of this repetition.
    const int LongestPause = 5;

    readonly ClusterTable _table;
    readonly string _clusterId;
    readonly TimeProvider _clock;
    readonly TimeSpan _patience;
    readonly CancellationToken _stopping;
    readonly ILogger<AzureMembershipTable> _log;

    public AzureMembershipTable(
        IOptions<AzureMembershipOptions> options, IOptions<ClusterOptions> cluster, IOptions<ClusterMembershipOptions> membership, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<AzureMembershipTable> log)
        : this(
            new ClusterTable((options ?? throw new ArgumentNullException(nameof(options))).Value, clock),
            (cluster ?? throw new ArgumentNullException(nameof(cluster))).Value.ClusterId,
            (membership ?? throw new ArgumentNullException(nameof(membership))).Value.MaxJoinAttemptTime,
            clock,
            log,
            (lifetime ?? throw new ArgumentNullException(nameof(lifetime))).ApplicationStopping)
    {
    }

    internal AzureMembershipTable(ClusterTable table, string clusterId, TimeSpan patience, TimeProvider clock, ILogger<AzureMembershipTable> log, CancellationToken stopping)
    {
        _table = table;
        _clusterId = clusterId;
        _patience = patience;
        _stopping = stopping;
        _clock = clock;
        _log = log;
    }

    /// <summary>
    /// Makes the table and, if asked to, its first version, where they are not there yet. A silo asks for this once, before all else, where it tries everything that follows again
    /// until <see cref="ClusterMembershipOptions.MaxJoinAttemptTime"/> is over; so this does the same: who starts while storage is away joins when it is back.
    /// </summary>
    /// <exception cref="OrleansException">The table could not be reached for so long.</exception>
    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping, cancellationToken);
        var started = _clock.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            try
            {
                await CreateAsync(tryInitTableVersion, either.Token).ConfigureAwait(false);
                return;
            }
            catch (OrleansException failure) when (_clock.GetElapsedTime(started) is var waited && waited < _patience)
            {
                LogNotReached(_table.Name, failure.Message, _patience - waited, tries);
            }

            await _table.PauseAsync(Math.Min(tries, LongestPause), either.Token).ConfigureAwait(false);
        }
    }

    async Task CreateAsync(bool tryInitTableVersion, CancellationToken cancellationToken)
    {
        await _table.CreateAsync(cancellationToken).ConfigureAwait(false);
        if (!tryInitTableVersion || await _table.FindAsync(_clusterId, MembershipRows.Version, cancellationToken).ConfigureAwait(false) is not null) return;
        var (version, first, last) = MembershipRows.Versions(_clusterId, 0);
        try
        {
            await _table.TransactAsync(
                [new(TableTransactionActionType.Add, version), new(TableTransactionActionType.UpsertReplace, first), new(TableTransactionActionType.UpsertReplace, last)],
                cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException failure) when (ClusterTable.IsRefused(failure))
        {
            // Another silo was first; that there is a version is all that matters.
        }
    }

    public async Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken) => Read(await SnapshotAsync(
        TableClient.CreateQueryFilter($"PartitionKey eq {_clusterId} and (RowKey eq {MembershipRows.Key(key)} or RowKey eq {MembershipRows.Version})"),
        cancellationToken).ConfigureAwait(false));

    public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken) =>
        Read(await SnapshotAsync(TableClient.CreateQueryFilter($"PartitionKey eq {_clusterId}"), cancellationToken).ConfigureAwait(false));

    /// <summary>False when there is a row of this silo already, or the version is not the one that was read.</summary>
    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken)
    {
        var row = MembershipRows.Silo(_clusterId, entry);
        return WriteAsync(row, new TableTransactionAction(TableTransactionActionType.Add, row), tableVersion, cancellationToken);
    }

    /// <summary>
    /// False when there is no row of this silo, or the version is not the one that was read. The version guards the row too: its own tag changes
    /// with each heartbeat, which is no reason to refuse.
    /// </summary>
    public Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken)
    {
        var row = MembershipRows.Silo(_clusterId, entry);
        return WriteAsync(row, new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, ETag.All), tableVersion, cancellationToken);
    }

    /// <summary>Notes that a silo lives; nothing else of its row changes, nor the version.</summary>
    public async Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken) =>
        await _table.MergeAsync(MembershipRows.Heartbeat(_clusterId, entry), cancellationToken).ConfigureAwait(false);

    /// <summary>Removes silos that are dead and did not change since.</summary>
    public async Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken)
    {
        var (rows, _) = await _table.QueryAsync(
            TableClient.CreateQueryFilter($"PartitionKey eq {_clusterId} and Status eq {nameof(SiloStatus.Dead)}"), cancellationToken).ConfigureAwait(false);
        foreach (var row in rows.Where(row => MembershipRows.IsSilo(row) && TryRead(row) is { } entry && MembershipRows.LastChange(entry) < beforeDate.UtcDateTime))
            await _table.RemoveAsync(row.PartitionKey, row.RowKey, row.ETag, cancellationToken).ConfigureAwait(false);
    }

    public async Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken)
    {
        var (rows, _) = await _table.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {clusterId}"), cancellationToken).ConfigureAwait(false);
        foreach (var row in rows) await _table.RemoveAsync(row.PartitionKey, row.RowKey, ETag.All, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Writes a row and the next version, both or none. When an answer is lost the table tells what became of the request; a refusal of a
    /// repeated request may be the doing of the first.
    /// </summary>
    async Task<bool> WriteAsync(TableEntity row, TableTransactionAction change, TableVersion version, CancellationToken cancellationToken)
    {
        var (versionRow, first, last) = MembershipRows.Versions(_clusterId, version.Version);
        TableTransactionAction[] actions =
        [
            change,
            new(TableTransactionActionType.UpdateReplace, versionRow, new ETag(version.VersionEtag)),
            new(TableTransactionActionType.UpsertReplace, first),
            new(TableTransactionActionType.UpsertReplace, last),
        ];
        for (var repetition = 0; ; repetition++)
        {
            try
            {
                await _table.TransactAsync(actions, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (RequestFailedException failure) when (ClusterTable.IsRefused(failure))
            {
                return repetition > 0 && await IsWrittenAsync(row, version, cancellationToken).ConfigureAwait(false);
            }
            catch (OrleansException failure)
            {
                LogUnknownOutcome(failure, _table.Name, repetition + 1);
                if (await IsWrittenAsync(row, version, cancellationToken).ConfigureAwait(false)) return true;
                if (repetition >= _table.MaxRetries) throw;
            }

            await _table.PauseAsync(repetition + 1, cancellationToken).ConfigureAwait(false);
        }
    }

    async Task<bool> IsWrittenAsync(TableEntity row, TableVersion version, CancellationToken cancellationToken)
    {
        var rows = await SnapshotAsync(
            TableClient.CreateQueryFilter($"PartitionKey eq {_clusterId} and (RowKey eq {row.RowKey} or RowKey eq {MembershipRows.Version})"), cancellationToken).ConfigureAwait(false);
        return rows.Exists(stored => MembershipRows.IsSilo(stored) && MembershipRows.IsSame(stored, row))
            && rows.Exists(stored => !MembershipRows.IsSilo(stored) && MembershipRows.ReadVersion(stored).Version >= version.Version);
    }

    /// <summary>Rows as they were at one moment. One page is that; around several pages the version must stand still.</summary>
    async Task<List<TableEntity>> SnapshotAsync(string filter, CancellationToken cancellationToken)
    {
        var (rows, pages) = await _table.QueryAsync(filter, cancellationToken).ConfigureAwait(false);
        if (pages <= 1) return rows;
        for (var i = 0; i < MaxSnapshots; i++)
        {
            var before = await _table.FindAsync(_clusterId, MembershipRows.Version, cancellationToken).ConfigureAwait(false);
            (rows, _) = await _table.QueryAsync(filter, cancellationToken).ConfigureAwait(false);
            var after = await _table.FindAsync(_clusterId, MembershipRows.Version, cancellationToken).ConfigureAwait(false);
            if (before is not null && before.ETag == after?.ETag) return rows;
        }

        throw new InconsistentStateException($"The membership table {_table.Name} changed during each of {MaxSnapshots} reads of all its rows.");
    }

    MembershipTableData Read(List<TableEntity> rows)
    {
        // A table without its version is broken or half removed; an empty cluster would be a guess.
        var version = rows.Find(row => row.RowKey == MembershipRows.Version) ?? throw new KeyNotFoundException($"The membership table {_table.Name} has no version row of this cluster.");
        var members = new List<Tuple<MembershipEntry, string>>();
        foreach (var row in rows.Where(MembershipRows.IsSilo))
            if (TryRead(row) is { } entry)
                members.Add(Tuple.Create(entry, row.ETag.ToString()));
        return new MembershipTableData(members, MembershipRows.ReadVersion(version));
    }

    MembershipEntry? TryRead(TableEntity row)
    {
        try
        {
            return MembershipRows.ReadSilo(row);
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException or InvalidOperationException or OverflowException)
        {
            // One row that nobody understands must not take the cluster down; the official provider leaves it out too.
            LogUnreadable(failure, _table.Name, row.RowKey);
            return null;
        }
    }

    Task IMembershipTable.InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion, CancellationToken.None);

    Task<MembershipTableData> IMembershipTable.ReadRow(SiloAddress key) => ReadRowAsync(key, CancellationToken.None);

    Task<MembershipTableData> IMembershipTable.ReadAll() => ReadAllAsync(CancellationToken.None);

    Task<bool> IMembershipTable.InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion, CancellationToken.None);

    Task<bool> IMembershipTable.UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => UpdateRowAsync(entry, etag, tableVersion, CancellationToken.None);

    Task IMembershipTable.UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry, CancellationToken.None);

    Task IMembershipTable.CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate, CancellationToken.None);

    Task IMembershipTable.DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId, CancellationToken.None);

    [LoggerMessage(1701, LogLevel.Warning, "A write to the membership table {Table} got no answer (try {Count}); the table is asked what became of it.")]
    partial void LogUnknownOutcome(Exception failure, string table, int count);

    [LoggerMessage(1703, LogLevel.Warning, "This silo cannot join its cluster yet: {Cause} It asks the table {Table} again, for {Patience} more (try {Count}).")]
    partial void LogNotReached(string table, string cause, TimeSpan patience, int count);

    [LoggerMessage(1702, LogLevel.Error, "Row {Row} of the membership table {Table} cannot be understood and is left out.")]
    partial void LogUnreadable(Exception failure, string table, string row);
}
