using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Support;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>deferred</c>: a receiver that answers 451 to every recipient, and a backlog that waits by reminders. All but the last 10,000 wait a day;
/// the silo is then started again on that backlog, and the last 10,000 come in over a minute, so that they fall due within a minute.
/// </summary>
static class DeferredVerb
{
    const int DueTogether = 10_000;
    const int MessageBytes = 4096;
    const int Concurrent = 1024;
    static readonly TimeSpan FarAway = TimeSpan.FromDays(1);
    static readonly TimeSpan SubmittedWithin = TimeSpan.FromMinutes(1);

    // Long enough for the submission, a pause, and the idle measurement before the first falls due.
    static readonly TimeSpan Near = TimeSpan.FromMinutes(4);
    static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);

    // More than one refresh of the reminders, which is part of what idling costs.
    static readonly TimeSpan IdleMeasurement = TimeSpan.FromSeconds(90);

    public static async Task RunAsync(Arguments arguments)
    {
        var messages = arguments.Number("messages", 100_000);
        var near = Math.Min(DueTogether, messages / 2);
        if (arguments.Text("backend") is not (null or "azurite")) throw new FormatException("--backend knows azurite.");
        await using var azurite = arguments.Text("backend") is null ? null : await AzuriteInstance.StartAsync();
        var folder = Directory.CreateTempSubdirectory("mail-bench-").FullName;
        try
        {
            await using var sink = await SmtpSink.StartAsync(Peer.Find("smtp-sink") ?? throw new InvalidOperationException("smtp-sink is not installed."), "-r", "RCPT");
            var settings = new SiloSettings { Folder = folder }.DeliveringTo(sink.Port).With(("OrleansMail:Delivery:BackoffJitter", "0"));
            if (azurite is not null) settings = settings.With(("OrleansMail:Silo:Storage", "Azure"), ("OrleansMail:AzureSpool:ConnectionString", azurite.ConnectionString));
            await FillAsync(settings.With(("OrleansMail:Delivery:Backoff:0", $"{FarAway}")), messages - near);
            await using var silo = SiloProcess.Start(settings.With(("OrleansMail:Delivery:Backoff:0", $"{Near}")));
            var restart = await silo.WaitUntilReadyAsync(TimeSpan.FromMinutes(5));
            Report.Row("restart to ready", restart.TotalSeconds, "s");
            await MeasureAsync(silo, messages, near, restart, azurite is not null);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task FillAsync(SiloSettings settings, int messages)
    {
        await using var silo = await SiloProcess.StartReadyAsync(settings);
        await using var client = await LoadClient.StartAsync(silo, MessageBytes, domains: 4, Concurrent);
        var start = TimeProvider.System.GetTimestamp();
        await client.AskAsync(new LoadRequest("watch"));
        var answer = await client.AskAsync(new LoadRequest("submit", messages));
        if (answer.Refused > 0) throw new InvalidOperationException($"{answer.Refused} submissions failed.{Environment.NewLine}{silo.Output}");
        await client.AskAsync(new LoadRequest("deferred", messages));
        Report.Row($"{messages:#,0} submitted and deferred", messages / TimeProvider.System.GetElapsedTime(start).TotalSeconds, "msg/s");
        Report.Row("resident memory after that", ProcessUse.ResidentBytes(silo.ProcessId) / 1048576.0, "MiB");
        Report.Row("most it ever was", ProcessUse.PeakResidentBytes(silo.ProcessId) / 1048576.0, "MiB");
        // As a crash would: the backlog is what the files hold.
        await silo.KillAsync();
    }

    static async Task MeasureAsync(SiloProcess silo, int messages, int near, TimeSpan restart, bool isOnAzure)
    {
        await using var client = await LoadClient.StartAsync(silo, MessageBytes, domains: 4, Concurrent);
        await client.AskAsync(new LoadRequest("watch"));
        await client.AskAsync(new LoadRequest("submit", near, near / SubmittedWithin.TotalSeconds));
        await client.AskAsync(new LoadRequest("deferred", near));
        await Task.Delay(Settling, TimeProvider.System);
        using var requests = new StorageRequests(silo);
        var asked = isOnAzure ? await requests.SumAsync() : 0;
        var before = ProcessUse.Cpu(silo.ProcessId);
        var start = TimeProvider.System.GetTimestamp();
        await Task.Delay(IdleMeasurement, TimeProvider.System);
        var idle = (ProcessUse.Cpu(silo.ProcessId) - before) / TimeProvider.System.GetElapsedTime(start) * 100;
        if (isOnAzure) Report.Row("requests to storage while they wait", (await requests.SumAsync() - asked) / TimeProvider.System.GetElapsedTime(start).TotalSeconds, "a second");
        var resident = ProcessUse.ResidentBytes(silo.ProcessId) / 1048576.0;
        var late = await client.AskAsync(new LoadRequest("lateness", near));
        Report.Row("waiting", messages, "messages");
        Report.Row("resident memory", resident, "MiB");
        Report.Row($"CPU while they wait, over {IdleMeasurement.TotalSeconds:F0} s", idle, "% of a core");
        Report.Row($"lateness when {near:#,0} fall due within a minute, p50", late.P50Ms / 1000, "s");
        Report.Row("the same, p99", late.P99Ms / 1000, "s");
        Report.Json(
            ("waiting", messages), ("residentMegabytes", resident), ("idleCpuPercent", idle),
            ("latenessP99Seconds", late.P99Ms / 1000), ("restartSeconds", restart.TotalSeconds));
    }
}
