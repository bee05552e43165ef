using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;
using Orleans.Mail.Storage.Tests.Sqlite;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Spool;

/// <summary>A spool in a table of its own, with requests that can be counted and broken.</summary>
sealed class AzureSpoolFixture(TableEmulator emulator) : IDisposable
{
    readonly string _name = $"s{Guid.NewGuid():N}";
    readonly List<AzureSpool> _spools = [];

    public TableFaults Faults { get; } = new();

    /// <summary>Another owner of the same table, as after a restart.</summary>
    public async Task<AzureSpool> OpenAsync(TimeProvider clock, Action<AzureSpoolOptions>? configure = null)
    {
        var options = new AzureSpoolOptions
        {
            ConnectionString = await emulator.ConnectionStringAsync(),
            TableName = _name,
            ContainerName = _name,
            ShardCount = 4,
            ConfigureTables = settings => settings.Transport = new HttpClientTransport(Faults),
        };
        configure?.Invoke(options);
        var spool = new AzureSpool(options, SqliteFixture.Serializer, clock);
        _spools.Add(spool);
        return spool;
    }

    public async Task<TableClient> TableAsync() => new(await emulator.ConnectionStringAsync(), _name);

    /// <summary>How many requests a call takes.</summary>
    public async Task<int> RequestsAsync(Func<Task> call)
    {
        Faults.Reset((_, _) => TableFault.None);
        await call();
        return Faults.Requests;
    }

    public void Dispose()
    {
        foreach (var spool in _spools) spool.Dispose();
        Faults.Dispose();
    }
}
