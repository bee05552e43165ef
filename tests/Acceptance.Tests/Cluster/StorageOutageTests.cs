using System.Globalization;
using Orleans.Mail.Ledger;
using Orleans.Mail.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Cluster;

/// <summary>Storage goes away for all silos in the middle of load. <c>ORLEANS_MAIL_OUTAGE_SECONDS</c> says for how long: 30 by default, longer than a lease, and than silos wait for each other.</summary>
public sealed class StorageOutageTests(ITestOutputHelper output)
{
    const int Silos = 3;
    const int MaxGrowthMegabytes = 512;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(15);

    static TimeSpan Outage => TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("ORLEANS_MAIL_OUTAGE_SECONDS") is { Length: > 0 } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : 30);

    [Fact]
    public async Task Nothing_is_lost_callers_are_told_and_mail_flows_again()
    {
        await using var run = await ClusterRun.StartAsync(Silos, "rcpt4xx=0.03,rcpt5xx=0.01", subscribers: 2, configuration: ClusterRun.Quick);
        await using var impatient = await ClusterRun.ConnectAsync(run.Silos, ProbeTimeout);
        using var stop = new CancellationTokenSource();
        var load = run.SubmitAsync(new MailShape { Seed = 4 }, new SubmitterPace { MessagesPerSecond = 40, Concurrent = 4_000 }, stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
        var before = Megabytes(run);
        var cut = TimeProvider.System.GetTimestamp();
        for (var silo = 0; silo < Silos; silo++) run.Silos.Cut(silo);

        var refusal = await Assert.ThrowsAsync<MailException>(() => impatient.SubmitAsync(new MailDraft { From = "a@sender.test", To = ["b@outage.test"], Subject = "during", Text = "x", SendAt = TimeProvider.System.GetUtcNow().AddDays(1) }));

        var rest = Outage - TimeProvider.System.GetElapsedTime(cut);
        if (rest > TimeSpan.Zero) await Task.Delay(rest, TimeProvider.System);
        var after = Megabytes(run);
        Assert.All(Enumerable.Range(0, Silos), silo => Assert.False(run.Silos[silo].HasExited, $"silo {silo} left, and would find nothing better"));
        var copies = run.Sink.Report.Copies;
        for (var silo = 0; silo < Silos; silo++) run.Silos.Mend(silo);
        var again = await UntilAsync(() => run.Sink.Report.Copies > copies);
        await run.Silos.WaitUntilReadyAsync(Patience);
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
        await stop.CancelAsync();
        var totals = await load;
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"away for {Outage}; delivered again {again.TotalSeconds:0.0} s after it came back; resident {before} MiB before, {after} MiB at its end, of the largest silo");
        output.WriteLine($"a caller was told: {refusal.Code}, {refusal.Message}");
        output.WriteLine($"{totals}{Environment.NewLine}{run.Failures}{Environment.NewLine}{report.ToTable()}");
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((0L, 0L), (totals.Refused, run.FeedDifferences()));
        Assert.True(totals.Accepted > 500, $"{totals.Accepted} accepted");
        Assert.True(refusal.IsTransient, $"{refusal.Code}");
        Assert.Contains(refusal.Code, (MailErrorCode[])[MailErrorCode.SpoolUnavailable, MailErrorCode.Unreachable]);
        Assert.InRange(after - before, long.MinValue, MaxGrowthMegabytes);
    }

    static long Megabytes(ClusterRun run) => Enumerable.Range(0, Silos).Max(silo => ProcessUse.ResidentBytes(run.Silos[silo].ProcessId)) / 1048576;

    static async Task<TimeSpan> UntilAsync(Func<bool> isMet)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!isMet())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, "Nothing is delivered any more.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return TimeProvider.System.GetElapsedTime(started);
    }
}
