using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;
using Orleans.Mail.Support;

[assembly: AssemblyFixture(typeof(TableEmulator))]

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>One storage emulator for all tests of this project, started by the first that needs it. Every test has tables of its own.</summary>
public sealed class TableEmulator : IAsyncDisposable
{
    readonly SemaphoreSlim starting = new(1);
    AzuriteInstance? emulator;

    /// <summary>Skips the calling test, or fails it where nothing may be missing, when the emulator is not installed.</summary>
    public async Task<string> ConnectionStringAsync()
    {
        AzuriteInstance.Require();
        await starting.WaitAsync();
        try
        {
            emulator ??= await AzuriteInstance.StartAsync();
            return emulator.ConnectionString;
        }
        finally
        {
            starting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (emulator is not null) await emulator.DisposeAsync();
        starting.Dispose();
    }
}
