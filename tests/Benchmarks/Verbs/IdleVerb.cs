using Orleans.Mail.Support;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary><c>idle</c>: start to ready on an empty folder, and resident memory ten seconds later.</summary>
static class IdleVerb
{
    static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("mail-bench-").FullName;
        try
        {
            await using var silo = SiloProcess.Start(new SiloSettings { Folder = folder });
            var ready = await silo.WaitUntilReadyAsync(TimeSpan.FromSeconds(60));
            await Task.Delay(Settling, TimeProvider.System);
            var resident = ProcessUse.ResidentBytes(silo.ProcessId) / 1048576.0;
            Report.Row("start to ready", ready.TotalSeconds, "s");
            Report.Row($"resident memory after {Settling.TotalSeconds:F0} s", resident, "MiB");
            Report.Json(("readySeconds", ready.TotalSeconds), ("residentMegabytes", resident));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
