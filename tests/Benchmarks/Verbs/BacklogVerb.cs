using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Storage;
using Orleans.Mail.Support;
using Orleans.Serialization;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>backlog</c>: a silo that starts on live messages in the tables of the storage emulator, all of them due in a day: what that start asks of storage, and what they
/// take afterwards. The messages are put there by the spool itself, without a silo: their states are never looked at.
/// </summary>
static class BacklogVerb
{
    const int StateBytes = 1_000;
    const int ContentBytes = 1_000;
    const int WrittenAtOnce = 10_000;

    static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    public static async Task RunAsync(Arguments arguments)
    {
        var messages = arguments.Number("messages", 100_000);
        await using var azurite = await AzuriteInstance.StartAsync();
        var folder = Directory.CreateTempSubdirectory("mail-bench-").FullName;
        try
        {
            var settings = new SiloSettings { Folder = folder }.With(("OrleansMail:Silo:Storage", "Azure"), ("OrleansMail:AzureSpool:ConnectionString", azurite.ConnectionString));
            var empty = await MeasureAsync(settings);
            await FillAsync(azurite.ConnectionString, messages);
            var full = await MeasureAsync(settings);
            var octets = (full.HeapBytes - empty.HeapBytes) / messages;
            Report.Row("live messages", messages, "");
            Report.Row("start to ready, without and with them", $"{empty.ReadySeconds:0.0}, {full.ReadySeconds:0.0} s");
            Report.Row("requests to storage until then", $"{empty.Requests:0}, {full.Requests:0}");
            Report.Row("requests while they wait", full.IdleRequests, "a second");
            Report.Row("resident memory", $"{empty.Megabytes:0}, {full.Megabytes:0} MiB");
            Report.Row("heap for each", octets, "octets");
            Report.Json(("messages", messages), ("restartSeconds", full.ReadySeconds), ("restartRequests", full.Requests - empty.Requests), ("residentMegabytes", full.Megabytes), ("heapOctetsPerMessage", octets), ("idleRequestsPerSecond", full.IdleRequests));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task FillAsync(string connectionString, int messages)
    {
        await using var services = new ServiceCollection().AddSerializer().AddAzureSpool(options => options.ConnectionString = connectionString).BuildServiceProvider();
        var spool = services.GetRequiredService<ISpool>();
        var shards = await Task.WhenAll(Enumerable.Range(0, spool.ShardCount).Select(shard => spool.OpenShardAsync(shard, CancellationToken.None)));
        var now = TimeProvider.System.GetUtcNow();
        var start = TimeProvider.System.GetTimestamp();
        foreach (var chunk in Enumerable.Range(0, messages).Chunk(WrittenAtOnce))
        {
            await Task.WhenAll(chunk.Select(number =>
            {
                var id = MessageId.FromKey("bench", $"{number}");
                return shards[id.ShardOf(spool.ShardCount)].CommitAsync(new SpoolCommit
                {
                    Id = id,
                    ExpectedVersion = 0,
                    State = new byte[StateBytes],
                    Content = new byte[ContentBytes],
                    Due = now.AddDays(1),
                    Label = MailState.Deferred.Name,
                    At = now,
                });
            }));
        }

        Report.Row("written", messages / TimeProvider.System.GetElapsedTime(start).TotalSeconds, "a second");
    }

    static async Task<Measured> MeasureAsync(SiloSettings settings)
    {
        await using var silo = SiloProcess.Start(settings);
        var ready = await silo.WaitUntilReadyAsync(Patience);
        using var requests = new StorageRequests(silo);
        var asked = await requests.SumAsync();
        await Task.Delay(Settling, TimeProvider.System);
        var before = await requests.SumAsync();
        await Task.Delay(Idle, TimeProvider.System);
        var idle = (await requests.SumAsync() - before) / Idle.TotalSeconds;
        return new Measured(ready.TotalSeconds, asked, idle, ProcessUse.ResidentBytes(silo.ProcessId) / 1048576.0, await silo.ReadMetricAsync("dotnet_gc_last_collection_heap_size_bytes"));
    }

    sealed record Measured(double ReadySeconds, double Requests, double IdleRequests, double Megabytes, double HeapBytes);
}
