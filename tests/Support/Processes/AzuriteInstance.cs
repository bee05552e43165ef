namespace Orleans.Mail.Support;

/// <summary>
/// An Azurite, the emulator of Azure Storage, with tables, blobs and queues. It answers before anything is durable, so nothing may be proved by
/// killing it.
/// </summary>
public sealed class AzuriteInstance : IAsyncDisposable
{
    // Neither is a secret: the emulator is told them at its start.
    const string Account = "mail";
    const string Key = "a2V5";

    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    readonly string folder;
    readonly Tool server;

    AzuriteInstance(string folder, Tool server, int[] ports)
    {
        (this.folder, this.server) = (folder, server);
        (BlobPort, QueuePort, TablePort) = (ports[0], ports[1], ports[2]);
    }

    public int BlobPort { get; }

    public int QueuePort { get; }

    public int TablePort { get; }

    public string ConnectionString => ConnectionStringThrough(BlobPort, TablePort);

    /// <summary>The same account by way of other ports of this machine, such as those of a proxy.</summary>
    public string ConnectionStringThrough(int blobPort, int tablePort) =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://127.0.0.1:{blobPort}/{Account};TableEndpoint=http://127.0.0.1:{tablePort}/{Account};QueueEndpoint=http://127.0.0.1:{QueuePort}/{Account};";

    /// <summary>Path of Azurite's program; skips or fails the calling test where it is not installed (<see cref="Peer"/>).</summary>
    public static string Require()
    {
        Peer.Require("node");
        return Peer.Require("azurite");
    }

    /// <param name="inMemory">Whether nothing is written to disk: faster, and gone when it ends.</param>
    public static async Task<AzuriteInstance> StartAsync(bool inMemory = true)
    {
        var program = Require();
        for (var count = 1; ; count++)
        {
            var azurite = Start(program, inMemory);
            if (await azurite.ListensAsync()) return azurite;
            var output = azurite.server.Output;
            await azurite.DisposeAsync();
            // Somebody may have taken one of the ports in between.
            if (count == 3) throw new InvalidOperationException($"Azurite does not start.{Environment.NewLine}{output}");
        }
    }

    static AzuriteInstance Start(string program, bool inMemory)
    {
        var folder = Directory.CreateTempSubdirectory("azurite-").FullName;
        var ports = FreePort.Next(3);
        string[] arguments =
        [
            program, "--blobHost", "127.0.0.1", "--blobPort", $"{ports[0]}", "--queueHost", "127.0.0.1", "--queuePort", $"{ports[1]}", "--tableHost", "127.0.0.1", "--tablePort", $"{ports[2]}",
            "--silent", "--skipApiVersionCheck", "--disableTelemetry", .. inMemory ? (string[])["--inMemoryPersistence"] : ["--location", folder],
        ];
        return new AzuriteInstance(folder, Tool.Start(Peer.Require("node"), arguments, folder, new Dictionary<string, string> { ["AZURITE_ACCOUNTS"] = $"{Account}:{Key}" }), ports);
    }

    /// <summary>Waits until it takes requests; false when it ended instead.</summary>
    async Task<bool> ListensAsync()
    {
        var listening = Task.WhenAll(((int[])[BlobPort, QueuePort, TablePort]).Select(port => FreePort.WaitForListenerAsync(port, StartLimit)));
        while (!listening.IsCompleted && !server.HasExited) await Task.WhenAny(listening, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        if (server.HasExited) return false;
        await listening;
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
