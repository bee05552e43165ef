using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;
using Orleans.Mail.Storage.Tests.Sqlite;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Spool;

public sealed class AzureSpoolContractTests(TableEmulator emulator) : SpoolContract
{
    readonly string name = $"s{Guid.NewGuid():N}";

    protected override async ValueTask<ISpool> OpenSpoolAsync() => new AzureSpool(
        new AzureSpoolOptions { ConnectionString = await emulator.ConnectionStringAsync(), TableName = name, ContainerName = name, ShardCount = 4 },
        SqliteFixture.Serializer, TimeProvider.System);

    /// <summary>Nothing is said to a writer on Azure when its process ends: it is left as it is.</summary>
    protected override ValueTask CloseSpoolAsync() => ValueTask.CompletedTask;
}
