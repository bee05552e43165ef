using System.Text;
using Azure;
using Azure.Data.Tables;
using Orleans.Mail.Storage.AzureStorage.Spool;

namespace Orleans.Mail.Storage.AzureStorage.Settings;

/// <summary>
/// Settings in a table of Azure, a row for each. Every write has a stamp of its own, which is the version: a write whose answer was lost is
/// looked up by it.
/// </summary>
public sealed class AzureSettingsStore : ISettingsStore, IDisposable
{
    readonly SpoolAccount _account;
    readonly TableClient _reading;
    readonly TableClient _writing;
    readonly SemaphoreSlim _making = new(1);
    volatile bool _isMade;

    public AzureSettingsStore(AzureSpoolOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problems() is { Count: > 0 } problems) throw new ArgumentException(string.Join(' ', problems), nameof(options));
        _account = new SpoolAccount(options, clock);
        _reading = _account.Table(options.SettingsTableName, options.MaxRetries);
        _writing = _account.Table(options.SettingsTableName, 0);
    }

    public async Task<Setting?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        await MakeAsync(cancellationToken).ConfigureAwait(false);
        return await FindAsync(SettingKey.Of(name), cancellationToken).ConfigureAwait(false) is { } row ? SettingRow.Read(row) : null;
    }

    public async Task<IReadOnlyList<Setting>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        await MakeAsync(cancellationToken).ConfigureAwait(false);
        return await SpoolAccount.CallAsync(async () =>
        {
            var settings = new List<Setting>();
            var rows = _reading.QueryAsync<TableEntity>(SettingKey.Range(prefix, after), Math.Min(limit + 1, 1000), cancellationToken: cancellationToken);
            await foreach (var row in rows.ConfigureAwait(false))
            {
                var setting = SettingRow.Read(row);
                if (!setting.Name.StartsWith(prefix, StringComparison.Ordinal) || (after is not null && Compare(setting.Name, after) <= 0)) continue;
                settings.Add(setting);
                if (settings.Count == limit) break;
            }

            return (IReadOnlyList<Setting>)settings;
        }, cancellationToken).ConfigureAwait(false);
    }

    public async Task<string?> WriteAsync(string name, ReadOnlyMemory<byte> value, string? expectedVersion)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(name), Setting.MaxNameBytes, nameof(name));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, Setting.MaxValueBytes, nameof(value));
        await MakeAsync(CancellationToken.None).ConfigureAwait(false);
        var stamp = Guid.NewGuid().ToString("N");
        var key = SettingKey.Of(name);
        var isDone = await ChangeAsync(key, expectedVersion, stamp, tag =>
        {
            var row = SettingRow.Write(key, name, stamp, value);
            return tag is { } known ? _writing.UpdateEntityAsync(row, known, TableUpdateMode.Replace) : _writing.AddEntityAsync(row);
        }).ConfigureAwait(false);
        return isDone ? stamp : null;
    }

    public async Task<bool> DeleteAsync(string name, string expectedVersion)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(expectedVersion);
        await MakeAsync(CancellationToken.None).ConfigureAwait(false);
        var key = SettingKey.Of(name);
        return await ChangeAsync(key, expectedVersion, stamp: null, tag => _writing.DeleteEntityAsync(key.Partition, key.Row, tag!.Value)).ConfigureAwait(false);
    }

    public void Dispose() => _making.Dispose();

    /// <param name="key">The row.</param>
    /// <param name="expected">The stamp it must have; null when it must not be there.</param>
    /// <param name="stamp">The stamp it gets; null when it goes.</param>
    /// <param name="change">Is given the tag of the row as it was read.</param>
    async Task<bool> ChangeAsync(SettingKey key, string? expected, string? stamp, Func<ETag?, Task<Response>> change)
    {
        var isOpen = false;
        for (var tries = 0; ; tries++)
        {
            // A repetition looks first: whether the row is as it shall be says whether the lost answer was yes.
            ETag? tag = null;
            if (expected is not null || isOpen)
            {
                var row = await LookAsync(key, isOpen).ConfigureAwait(false);
                var now = row?.GetString(SettingRow.Stamp);
                if (isOpen && now == stamp) return true;
                // Ours may have been there, and another's came after it: nobody can tell.
                if (now != expected) return isOpen ? throw Unknown(null) : false;
                tag = row?.ETag;
            }

            try
            {
                await change(tag).ConfigureAwait(false);
                return true;
            }
            catch (RequestFailedException failure) when (failure.Status is 404 or 409 or 412)
            {
                if (!isOpen) return false;
                // Refused now; an earlier try may have been carried out late.
            }
            catch (Exception error) when (SpoolAccount.IsFailure(error))
            {
                if (SpoolAccount.StatusOf(error) is >= 400 and < 500 and not 408 and not 429) throw SpoolAccount.ForCallers(error, outcomeKnown: !isOpen);
                isOpen = true;
                if (tries >= _account.Options.MaxRetries) throw Unknown(error);
            }

            if (tries >= _account.Options.MaxRetries) throw Unknown(null);
            await _account.PauseAsync(tries + 1).ConfigureAwait(false);
        }
    }

    async Task<TableEntity?> LookAsync(SettingKey key, bool isOpen)
    {
        try
        {
            return await FindAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
        catch (SpoolUnavailableException error) when (isOpen)
        {
            throw Unknown(error);
        }
    }

    async Task<TableEntity?> FindAsync(SettingKey key, CancellationToken cancellationToken)
    {
        var answer = await SpoolAccount.CallAsync(() => _reading.GetEntityIfExistsAsync<TableEntity>(key.Partition, key.Row, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
        return answer.HasValue ? answer.Value : null;
    }

    async Task MakeAsync(CancellationToken cancellationToken)
    {
        if (_isMade) return;
        await _making.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isMade) return;
            await SpoolAccount.CallAsync(() => _reading.CreateIfNotExistsAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
            _isMade = true;
        }
        finally
        {
            _making.Release();
        }
    }

    static SpoolUnavailableException Unknown(Exception? error) =>
        new(SpoolFault.Io, outcomeKnown: false, "A setting may or may not have been changed: the answer of Azure was lost.", error);

    static int Compare(string left, string right) => Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));
}

/// <summary>The row of a setting.</summary>
static class SettingRow
{
    public const string Stamp = "Stamp";

    public static TableEntity Write(SettingKey key, string name, string stamp, ReadOnlyMemory<byte> value) =>
        new(key.Partition, key.Row) { ["Name"] = name, [Stamp] = stamp, ["Value"] = value.ToArray() };

    public static Setting Read(TableEntity row) => new(row.GetString("Name"), row.GetString(Stamp), row.GetBinary("Value") ?? []);
}
