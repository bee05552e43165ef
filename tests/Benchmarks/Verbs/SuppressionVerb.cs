using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Storage;
using Orleans.Mail.Support;
using Orleans.Serialization;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary><c>suppression</c>: a silo that starts on a long suppression list: how long until it decides by it, and what the list takes.</summary>
static class SuppressionVerb
{
    const int WrittenAtOnce = 10_000;

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(Arguments arguments)
    {
        var entries = arguments.Number("entries", 1_000_000);
        var folder = Directory.CreateTempSubdirectory("mail-bench-").FullName;
        try
        {
            var empty = await MeasureAsync(folder, listed: null);
            await FillAsync(folder, entries);
            var full = await MeasureAsync(folder, Address(entries / 2));
            Report.Row("entries", entries, "");
            Report.Row("start to ready, without and with them", $"{empty.Ready:0.0}, {full.Ready:0.0} s");
            Report.Row("start to the first decision by the list", full.Decided, "s");
            Report.Row("resident memory, without and with them", $"{empty.Megabytes:0}, {full.Megabytes:0} MiB");
            Report.Row("settled into, with them", full.Settled, "MiB");
            Report.Json(("entries", entries), ("readySeconds", full.Ready), ("decidedSeconds", full.Decided), ("emptyMegabytes", empty.Megabytes), ("residentMegabytes", full.Megabytes));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static string Address(int number) => $"somebody.with.a.name.{number}@a-domain-{number % 1000}.test";

    // As the service keeps them, without asking it a million times.
    static async Task FillAsync(string folder, int entries)
    {
        await using var services = new ServiceCollection().AddSerializer().AddSqliteSpool(options => options.Folder = folder).BuildServiceProvider();
        var settings = services.GetRequiredService<ISettingsStore>();
        var start = TimeProvider.System.GetTimestamp();
        foreach (var chunk in Enumerable.Range(0, entries).Chunk(WrittenAtOnce))
        {
            await Task.WhenAll(chunk.Select(number => settings.WriteAsync($"suppression/all/{Address(number)}", JsonSerializer.SerializeToUtf8Bytes(
                new SuppressionRecord { Address = Address(number), Reason = "Bounced: invalid-recipient.", Since = TimeProvider.System.GetUtcNow(), IsSuppressed = true, IsAutomatic = true, HardBounces = 1 }, Json), null)));
        }

        Report.Row("written", entries / TimeProvider.System.GetElapsedTime(start).TotalSeconds, "a second");
    }

    static async Task<(double Ready, double Decided, double Megabytes, double Settled)> MeasureAsync(string folder, string? listed)
    {
        await using var silo = SiloProcess.Start(new SiloSettings { Folder = folder });
        var start = TimeProvider.System.GetTimestamp();
        var ready = await silo.WaitUntilReadyAsync(Patience);
        var decided = double.NaN;
        if (listed is not null)
        {
            await using var mail = await MailClient.ConnectAsync(client => client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, silo.GatewayPort)).Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("orleans-mail", "orleans-mail")));
            var submission = await mail.SubmitAsync(new MailDraft { From = "bench@sender.test", To = [listed], Subject = "a benchmark", Text = "Hello." });
            var status = await submission.WaitAsync(Patience);
            decided = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
            if (status.State != MailState.Suppressed) throw new InvalidOperationException($"The message ended as {status.State}.{Environment.NewLine}{silo.Output}");
        }

        var resident = Megabytes(silo);
        await Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System);
        return (ready.TotalSeconds, decided, resident, Megabytes(silo));
    }

    static double Megabytes(SiloProcess silo) => ProcessUse.ResidentBytes(silo.ProcessId) / 1048576.0;
}
