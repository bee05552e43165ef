using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Settings in the file of the spool, written by its one writer.</summary>
public sealed class SqliteSettingsStore(SqliteSpool spool) : ISettingsStore
{
    public Task<Setting?> ReadAsync(string name, CancellationToken cancellationToken) => Query(connection =>
    {
        var query = connection.Setting.Bind(1, name);
        if (!query.Step()) return null;
        var setting = Read(query);
        query.Reset();
        return setting;
    }, cancellationToken);

    public Task<IReadOnlyList<Setting>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) => Query<IReadOnlyList<Setting>>(connection =>
    {
        var settings = new List<Setting>();
        var query = connection.SettingsFrom.Bind(1, prefix).Bind(2, after ?? "").Bind(3, limit);
        while (query.Step())
        {
            var setting = Read(query);
            if (!setting.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                query.Reset();
                break;
            }

            settings.Add(setting);
        }

        return settings;
    }, cancellationToken);

    public async Task<string?> WriteAsync(string name, ReadOnlyMemory<byte> value, string? expectedVersion)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(name), Setting.MaxNameBytes, nameof(name));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, Setting.MaxValueBytes, nameof(value));
        long? expected = null;
        if (expectedVersion is not null)
        {
            if (!TryParse(expectedVersion, out var parsed)) return null;
            expected = parsed;
        }

        var version = NextVersion();
        var operation = new WriteSettingOperation(name, value, expected, version);
        spool.Writer().Enqueue(operation);
        return await operation.Task.ConfigureAwait(false) ? version.ToString(CultureInfo.InvariantCulture) : null;
    }

    public async Task<bool> DeleteAsync(string name, string expectedVersion)
    {
        if (!TryParse(expectedVersion, out var expected)) return false;
        var operation = new DeleteSettingOperation(name, expected);
        spool.Writer().Enqueue(operation);
        return await operation.Task.ConfigureAwait(false);
    }

    static bool TryParse(string version, out long parsed) => long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out parsed);

    /// <summary>A version that was never given before, in this run or an earlier one.</summary>
    static long NextVersion() => BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue;

    async Task<T> Query<T>(Func<ReadConnection, T> query, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var writer = spool.Writer();
        await writer.OpenedAsync().ConfigureAwait(false);
        return writer.Store().Readers.Read(query);
    }

    static Setting Read(Statement row) => new(row.Text(0), row.Int64(1).ToString(CultureInfo.InvariantCulture), row.Blob(2));
}
