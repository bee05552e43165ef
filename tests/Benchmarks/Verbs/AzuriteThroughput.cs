using System.Globalization;
using Azure.Data.Tables;
using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Benchmarks.Peers;
using Orleans.Mail.Support;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>throughput --backend azurite</c>: one silo on tables of the emulator. What counts is how often storage is asked, since that is what Azure bills and
/// what bounds a shard; the silo counts it itself. The emulator's own speed is given beside the rate.
/// </summary>
static class AzuriteThroughput
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);

    // As many sessions as a busy silo has at many sites: the more is under way, the more goes in one transaction.
    const int Sessions = 200;

    public static async Task RunAsync(Workload work, int rounds, int concurrent)
    {
        await using var azurite = await AzuriteInstance.StartAsync();
        var rows = await RowsPerSecondAsync(azurite.ConnectionString);
        await using var sink = await SmtpSink.StartAsync(Peer.Find("smtp-sink") ?? throw new InvalidOperationException("smtp-sink is not installed."));
        var settings = new SiloSettings { Folder = Path.GetTempPath() }.DeliveringTo(sink.Port)
            .With(("OrleansMail:Silo:Storage", "Azure"), ("OrleansMail:AzureSpool:ConnectionString", azurite.ConnectionString),
                ("OrleansMail:Sites:InitialSessions", $"{Sessions}"), ("OrleansMail:Sites:MaxSessions", $"{Sessions}"));
        await using var silo = await SiloProcess.StartReadyAsync(settings);
        await using var client = await LoadClient.StartAsync(silo, work.MessageBytes, work.Domains, concurrent);
        using var requests = new StorageRequests(silo);

        await DeliverAsync(work.Messages / 4, sink, client, silo);
        var background = await requests.DuringAsync(() => Task.Delay(Idle, TimeProvider.System));
        Report.Row("requests a second without mail", background / Idle.TotalSeconds, "");
        var alone = await AloneAsync(requests, sink, client, silo);

        var (rates, costs) = (new List<double>(), new List<double>());
        for (var round = 1; round <= rounds; round++)
        {
            var start = TimeProvider.System.GetTimestamp();
            var wall = TimeSpan.Zero;
            var count = await requests.DuringAsync(async () =>
            {
                await DeliverAsync(work.Messages, sink, client, silo);
                wall = TimeProvider.System.GetElapsedTime(start);
                await client.AskAsync(new LoadRequest("watch"));
                await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
            });
            rates.Add(work.Messages / wall.TotalSeconds);
            costs.Add(count / work.Messages);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round}: {rates[^1]:0} msg/s, {costs[^1]:0.000} requests a message"));
        }

        Console.WriteLine(await requests.TableAsync());
        Report.Row("submit to delivered, median of the rounds", Figures.Median(rates), "msg/s");
        Report.Row("requests for a message under load", Figures.Median(costs), "");
        Report.Row("requests for a lone message", alone, "");
        Report.Row("the emulator, 100 rows of 4 KB at once", rows, "rows/s");
        Report.Json(("transactionsPerMessage", Figures.Median(costs)), ("idleTransactions", alone), ("rate", Figures.Median(rates)), ("emulatorRowsPerSecond", rows));
    }

    static async Task DeliverAsync(int messages, SmtpSink sink, LoadClient client, SiloProcess silo)
    {
        var before = sink.Messages;
        var answer = await client.AskAsync(new LoadRequest("submit", messages));
        if (answer.Refused > 0) throw new InvalidOperationException($"{answer.Refused} submissions failed.{Environment.NewLine}{silo.Output}");
        await sink.WaitForAsync(before + messages, Patience);
    }

    // One message at a time, ten seconds apart.
    static async Task<double> AloneAsync(StorageRequests requests, SmtpSink sink, LoadClient client, SiloProcess silo)
    {
        const int messages = 5;
        var span = TimeSpan.FromSeconds(10);
        var before = await requests.SumOfMessagesAsync();
        for (var i = 0; i < messages; i++)
        {
            await DeliverAsync(1, sink, client, silo);
            await Task.Delay(span, TimeProvider.System);
        }

        return (await requests.SumOfMessagesAsync() - before) / messages;
    }

    static async Task<double> RowsPerSecondAsync(string connection)
    {
        const int transactions = 60;
        const int partitions = 8;
        var table = new TableClient(connection, "probe");
        await table.CreateAsync();
        var value = new byte[4096];
        var start = TimeProvider.System.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, partitions), async (partition, token) =>
        {
            for (var i = 0; i < transactions / partitions; i++)
                await table.SubmitTransactionAsync(Enumerable.Range(0, 100).Select(row => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity($"p{partition}", $"{i}-{row}") { ["Value"] = value })), token);
        });
        return transactions / partitions * partitions * 100 / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
    }
}
