using System.Diagnostics;
using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Benchmarks.Peers;
using Orleans.Mail.Support;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>throughput</c>: submit → all delivered to <c>smtp-sink</c>, client, silo and sink each in a process of its own, everything durable.
/// With a peer, the two take turns on the same work and the same sink, after one run each that is not counted.
/// </summary>
static class ThroughputVerb
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(Arguments arguments)
    {
        var work = new Workload(arguments.Number("messages", 20_000), arguments.Number("size", 4096), arguments.Number("domains", 4));
        var rounds = arguments.Number("rounds", 3);
        var withPeer = arguments.Text("peer") switch { null => false, "postfix" => true, var other => throw new FormatException($"'{other}' is not a known peer.") };
        var dkim = arguments.Text("dkim") switch { null => null, "rsa" or "ed25519" => arguments.Text("dkim"), var other => throw new FormatException($"'{other}' is no algorithm; there are rsa and ed25519.") };
        if (dkim is not null || arguments.Text("tls") is not null)
        {
            if (withPeer) throw new FormatException("--dkim and --tls compare with the plain service, not with a peer.");
            await SecuredThroughput.RunAsync(work, rounds, arguments.Number("concurrent", 1024), dkim, arguments.Text("tls") is not null);
            return;
        }

        if (arguments.Text("backend") is { } backend)
        {
            if (backend != "azurite" || withPeer) throw new FormatException("--backend knows azurite, and takes no peer.");
            await AzuriteThroughput.RunAsync(work, rounds, arguments.Number("concurrent", 1024));
            return;
        }

        var folder = Directory.CreateTempSubdirectory("mail-bench-").FullName;
        try
        {
            await using var sink = await SmtpSink.StartAsync(Peer.Find("smtp-sink") ?? throw new InvalidOperationException("smtp-sink is not installed."));
            await using var peer = withPeer ? await PostfixPeer.StartAsync(sink, work) : null;
            await using var silo = await SiloProcess.StartReadyAsync(new SiloSettings { Folder = folder }.DeliveringTo(sink.Port));
            await using var client = await LoadClient.StartAsync(silo, work.MessageBytes, work.Domains, arguments.Number("concurrent", 1024));
            var (ours, peers) = await TakeTurnsAsync(work, rounds, sink, peer, silo, client);
            var paced = await PacedAsync(work, sink, client, Figures.Median(ours.Select(round => round.Run.Rate)) / 2);
            Print(ours, peers, paced);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<(List<OurRound> Ours, List<RunResult> Peers)> TakeTurnsAsync(Workload work, int rounds, SmtpSink sink, PostfixPeer? peer, SiloProcess silo, LoadClient client)
    {
        var warmUp = work with { Messages = Math.Max(200, work.Messages / 4) };
        if (peer is not null) await peer.RunAsync(warmUp);
        await RunOursAsync(warmUp, sink, silo, client);
        var ours = new List<OurRound>();
        var peers = new List<RunResult>();
        for (var round = 1; round <= rounds; round++)
        {
            if (peer is not null)
            {
                peers.Add(await peer.RunAsync(work));
                PrintRound($"round {round}, postfix", peers[^1]);
            }

            ours.Add(await RunOursAsync(work, sink, silo, client));
            PrintRound($"round {round}, ours (accepted at {ours[^1].AcceptRate:F0}/s)", ours[^1].Run);
        }

        return (ours, peers);
    }

    static async Task<OurRound> RunOursAsync(Workload work, SmtpSink sink, SiloProcess silo, LoadClient client)
    {
        var before = sink.Messages;
        var cpu = ProcessUse.Cpu(silo.ProcessId);
        var answer = await client.AskAsync(new LoadRequest("submit", work.Messages));
        if (answer.Refused > 0) throw new InvalidOperationException($"{answer.Refused} submissions failed.{Environment.NewLine}{silo.Output}");
        await sink.WaitForAsync(before + work.Messages, Patience);
        var wall = Stopwatch.GetElapsedTime(answer.FirstSubmit);
        // The last commits, and what the reminders and the log still owe.
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        var run = new RunResult(work.Messages, wall, ProcessUse.Cpu(silo.ProcessId) - cpu);
        return new OurRound(run, work.Messages / Stopwatch.GetElapsedTime(answer.FirstSubmit, answer.LastReceipt).TotalSeconds);
    }

    static async Task<LoadAnswer> PacedAsync(Workload work, SmtpSink sink, LoadClient client, double messagesPerSecond)
    {
        var messages = Math.Min(work.Messages, (int)(messagesPerSecond * 15));
        await client.AskAsync(new LoadRequest("watch"));
        var before = sink.Messages;
        await client.AskAsync(new LoadRequest("submit", messages, messagesPerSecond));
        await sink.WaitForAsync(before + messages, Patience);
        return await client.AskAsync(new LoadRequest("delivered", messages));
    }

    static void PrintRound(string name, RunResult run) =>
        Console.WriteLine($"{name,-44}{run.Rate,10:F0} msg/s {run.CpuMicrosecondsPerMessage,10:F0} us CPU a message");

    static void Print(List<OurRound> ours, List<RunResult> peers, LoadAnswer paced)
    {
        var rate = Figures.Median(ours.Select(round => round.Run.Rate));
        var acceptRate = Figures.Median(ours.Select(round => round.AcceptRate));
        var cpu = Figures.Median(ours.Select(round => round.Run.CpuMicrosecondsPerMessage));
        double? peerRate = peers.Count > 0 ? Figures.Median(peers.Select(round => round.Rate)) : null;
        double? peerCpu = peers.Count > 0 ? Figures.Median(peers.Select(round => round.CpuMicrosecondsPerMessage)) : null;
        Console.WriteLine();
        Report.Row("submit to delivered, median of the rounds", rate, "msg/s");
        Report.Row("accepted", acceptRate, "msg/s");
        Report.Row("CPU of the silo", cpu, "us/msg");
        if (peerRate is not null) Report.Row("Postfix, the same", peerRate.Value, "msg/s");
        if (peerCpu is not null) Report.Row("CPU of Postfix", peerCpu.Value, "us/msg");
        if (peerRate is not null) Report.Row("ratio", rate / peerRate.Value, "x");
        Report.Row("submit to Delivered event at half the rate, p50", paced.P50Ms, "ms");
        Report.Row("the same, p99", paced.P99Ms, "ms");
        Report.Json(
            ("ratio", rate / peerRate), ("rate", rate), ("peerRate", peerRate), ("acceptRate", acceptRate),
            ("cpuMicrosecondsPerMessage", cpu), ("peerCpuMicrosecondsPerMessage", peerCpu), ("p50Ms", paced.P50Ms), ("p99Ms", paced.P99Ms));
    }

    sealed record OurRound(RunResult Run, double AcceptRate);
}
