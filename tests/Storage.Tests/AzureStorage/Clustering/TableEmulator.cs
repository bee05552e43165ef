using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;
using Orleans.Mail.Support;

[assembly: AssemblyFixture(typeof(TableEmulator))]

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>One storage emulator for all tests of this project; every test has tables of its own.</summary>
public sealed class TableEmulator : IAsyncDisposable
{
    readonly SemaphoreSlim starting = new(1);
    Tool? tool; string? folder; string cs = "";

    public async Task<string> ConnectionStringAsync()
    {
        await starting.WaitAsync();
        try
        {
            if (tool is not null) return cs;
            folder = Directory.CreateTempSubdirectory("azurite-").FullName;
            var port = FreePort.Next();
            tool = Tool.Start(Peer.Require("azurite-table"), ["--tableHost", "127.0.0.1", "--tablePort", $"{port}", "--location", folder, "--silent", "--skipApiVersionCheck", "--disableTelemetry"], folder);
            await FreePort.WaitForListenerAsync(port, TimeSpan.FromSeconds(60));
            cs = $"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1;";
            return cs;
        }
        finally { starting.Release(); }
    }

    public async ValueTask DisposeAsync()
    {
        if (tool is not null) await tool.DisposeAsync();
        if (folder is not null) Directory.Delete(folder, true);
    }
}
