using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Mail.Storage.Sqlite;
using Orleans.Serialization;

namespace Orleans.Mail.Storage.Tests;

public sealed class StorageServiceExtensionsTests
{
    [Fact]
    public async Task AddSqliteSpool_And_AddSqliteReminders_ShareOneSpool()
    {
        var folder = Directory.CreateTempSubdirectory("orleans-mail-services-").FullName;
        var services = new ServiceCollection().AddSerializer().AddOptions().AddSqliteSpool(options => options.Folder = folder).AddSqliteReminders();
        await using (var provider = services.BuildServiceProvider())
        {
            Assert.Same(provider.GetRequiredService<SqliteSpool>(), provider.GetRequiredService<ISpool>());
            Assert.Same(provider.GetRequiredService<SqliteSpool>(), provider.GetRequiredService<ISpoolHealth>());
            await provider.GetRequiredService<IReminderTable>().StartAsync(TestContext.Current.CancellationToken);
            Assert.Equal(1, (await provider.GetRequiredService<ISpool>().OpenShardAsync(0, TestContext.Current.CancellationToken)).Epoch);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void AddSqliteSpool_WrongOptions_NamesAllOfThem()
    {
        using var provider = new ServiceCollection().AddSerializer().AddSqliteSpool(options =>
        {
            options.ShardCount = 0;
            options.ReaderCount = 0;
        }).BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<ISpool>());
        Assert.Contains("Spool:Folder", error.Message, StringComparison.Ordinal);
        Assert.Contains("Spool:ShardCount", error.Message, StringComparison.Ordinal);
        Assert.Contains("Spool:ReaderCount", error.Message, StringComparison.Ordinal);
    }
}
