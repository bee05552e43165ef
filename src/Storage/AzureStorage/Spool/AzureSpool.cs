using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using Orleans.Mail.Storage.Events;
using Orleans.Serialization;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>A spool in one table of Azure, a partition for each shard, with a container of blobs for large contents. Opened at first use.</summary>
public sealed class AzureSpool : ISpool, ISpoolHealth, IDisposable
{
    readonly SpoolAccount _account;
    readonly Serializer<DeliveryEvent[]> _serializer;
    readonly SemaphoreSlim _opening = new(1);
    readonly Lock _gate = new();

    // Weak: what a shard that moved to another silo knows of its messages must not stay in memory here.
    readonly ConcurrentDictionary<int, WeakReference<ShardWriter>> _writers = new();
    readonly RecordCache _cache;
    bool _isOpen;
    bool _isClosed;

    public AzureSpool(AzureSpoolOptions options, Serializer<DeliveryEvent[]> serializer, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problems() is { Count: > 0 } problems) throw new ArgumentException(string.Join(' ', problems), nameof(options));
        _serializer = serializer;
        _account = new SpoolAccount(options, clock);
        _cache = new RecordCache(options.CacheBytes);
    }

    public int ShardCount => _account.Options.ShardCount;

    public bool IsShared => true;

    public SpoolFault? Fault { get; private set; }

    public DateTimeOffset? Since { get; private set; }

    public async Task<ISpoolShard> OpenShardAsync(int shard, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, ShardCount);
        lock (_gate)
        {
            if (_isClosed) throw new SpoolUnavailableException(SpoolFault.Closed, true, "The spool was closed.");
        }

        await OpenAsync(cancellationToken).ConfigureAwait(false);
        var table = new ShardTable(_account, shard, Note);
        var fence = await table.RaiseFenceAsync(cancellationToken).ConfigureAwait(false);
        var index = new ShardIndex(_cache);
        foreach (var message in await table.LoadLiveAsync(cancellationToken).ConfigureAwait(false)) index.Set(message, null, null);
        var events = new ShardEvents(_account.Options.RecentEvents);
        events.Load(fence.FirstEvent, fence.LastEvent);
        var writer = new ShardWriter(table, index, events, fence, new SemaphoreSlim(1), Note);
        _writers[shard] = new WeakReference<ShardWriter>(writer);
        return new AzureSpoolShard(shard, ShardCount, fence, table, index, events, writer, _serializer, new SemaphoreSlim(1));
    }

    public async Task<bool> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _account.Writing.UpsertEntityAsync(new TableEntity(SpoolRows.Common, "probe"), TableUpdateMode.Replace, cancellationToken).ConfigureAwait(false);
            Note(null);
            return true;
        }
        catch (Exception error) when (SpoolAccount.IsFailure(error) && !cancellationToken.IsCancellationRequested)
        {
            Note(SpoolAccount.ForCallers(error, outcomeKnown: false));
            return false;
        }
    }

    public void Dispose()
    {
        lock (_gate) _isClosed = true;
        foreach (var reference in _writers.Values)
            if (reference.TryGetTarget(out var writer)) writer.Close();
        _opening.Dispose();
    }

    async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isOpen) return;
            await SpoolAccount.CallAsync(() => _account.Reading.CreateIfNotExistsAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
            await SpoolAccount.CallAsync(() => _account.Contents.CreateIfNotExistsAsync(cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
            await CheckShardsAsync(cancellationToken).ConfigureAwait(false);
            _isOpen = true;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Notes the number of shards of a new spool, or checks that it is the one it was created with.</summary>
    async Task CheckShardsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _account.Reading.AddEntityAsync(new TableEntity(SpoolRows.Common, SpoolRows.Common) { ["Shards"] = ShardCount }, cancellationToken).ConfigureAwait(false);
            return;
        }
        catch (RequestFailedException failure) when (failure.Status == 409)
        {
            // The spool was there before.
        }
        catch (Exception error) when (SpoolAccount.IsFailure(error) && !cancellationToken.IsCancellationRequested)
        {
            throw SpoolAccount.ForCallers(error, outcomeKnown: true);
        }

        var row = await SpoolAccount.CallAsync(() => _account.Reading.GetEntityAsync<TableEntity>(SpoolRows.Common, SpoolRows.Common, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
        if (row.Value.GetInt32("Shards") is var stored && stored != ShardCount)
        {
            throw new InvalidOperationException(
                $"The spool in table '{_account.Options.TableName}' was created with {stored} shards, and {AzureSpoolOptions.Section}:{nameof(AzureSpoolOptions.ShardCount)} is {ShardCount}. The number cannot change: set it to {stored}.");
        }
    }

    void Note(Exception? failure)
    {
        lock (_gate)
        {
            var fault = failure switch
            {
                null => (SpoolFault?)null,
                SpoolUnavailableException known => known.Fault,
                _ => SpoolFault.Io,
            };
            if (fault is { } cause && Fault is null) StorageInstruments.Fault(cause);
            Since = fault is null ? null : Since ?? _account.Clock.GetUtcNow();
            Fault = fault;
        }
    }
}
