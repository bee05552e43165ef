using Orleans.Mail.Ledger;
using Orleans.Mail.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Cluster;

/// <summary>What happens to clusters besides deaths: clocks that differ, one silo without storage, silos that come.</summary>
public sealed class ClusterFaultTests(ITestOutputHelper output)
{
    const string FakeClock = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

    // Exit code of a silo that left its cluster.
    const int LeftByItself = 3;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Theory]
    [InlineData("+60s")]
    [InlineData("-60s")]
    public async Task A_silo_whose_clock_is_a_minute_off_changes_nothing(string offset)
    {
        Peer.Require(FakeClock);
        await using var run = await ClusterRun.StartAsync(1, "rcpt4xx=0.05,rcpt5xx=0.01", subscribers: 2, configuration: ClusterRun.Quick);
        await run.Silos.AddAsync(new Dictionary<string, string> { ["LD_PRELOAD"] = FakeClock, ["FAKETIME"] = offset, ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1" });
        var totals = await run.SubmitAsync(new MailShape { Seed = 3 }, new SubmitterPace { Messages = 900, MessagesPerSecond = 60, Concurrent = 100 });
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"{totals}{Environment.NewLine}{report.ToTable()}");
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((900L, 0L, 0L), (totals.Accepted, report.Duplicates, run.FeedDifferences()));
        // Nobody took anybody for dead.
        for (var silo = 0; silo < 2; silo++) Assert.True(await AcceptedAsync(run.Silos[silo]) > 0, $"silo {silo} took part in nothing");
    }

    [Fact]
    public async Task A_silo_that_alone_is_cut_off_from_storage_ends_and_others_deliver_its_mail()
    {
        await using var run = await ClusterRun.StartAsync(3, "rcpt4xx=0.03", subscribers: 2, configuration: ClusterRun.Quick);
        using var stop = new CancellationTokenSource();
        var load = run.SubmitAsync(new MailShape { Seed = 6 }, new SubmitterPace { MessagesPerSecond = 40, Concurrent = 4_000 }, stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        run.Silos.Cut(1);
        // Tries of a commit, its patience, its stop.
        await run.Silos[1].WaitForExitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(LeftByItself, run.Silos[1].ExitCode);
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
        await stop.CancelAsync();
        var totals = await load;
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"{totals}{Environment.NewLine}{report.ToTable()}");
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((0L, 0L), (totals.Refused, run.FeedDifferences()));
    }

    [Fact]
    public async Task A_silo_that_starts_while_storage_is_away_waits_for_it_and_joins()
    {
        await using var run = await ClusterRun.StartAsync(2, subscribers: 2, configuration: ClusterRun.Quick);
        await run.Silos.KillAsync(1);
        run.Silos.Cut(1);
        await run.Silos.RestartAsync(1);
        // As often as no start could take it that gave up after the first call.
        await run.Silos[1].WaitForOutputAsync("(try 4)", Patience);
        Assert.False(run.Silos[1].HasExited, run.Silos[1].Output);
        run.Silos.Mend(1);
        await run.Silos.WaitUntilReadyAsync(Patience);
        var totals = await run.SubmitAsync(new MailShape { Seed = 8 }, new SubmitterPace { Messages = 200, Concurrent = 100 });
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"{totals}{Environment.NewLine}{report.ToTable()}");
        Assert.True(report.IsClean, report.ToTable());
        Assert.True(await AcceptedAsync(run.Silos[1]) > 0, "the silo took part in nothing");
    }

    [Fact]
    public async Task A_silo_that_joins_takes_its_share_while_mail_flows()
    {
        // So many that chance gives it some.
        const int sites = 24;
        await using var run = await ClusterRun.StartAsync(2, "rcpt4xx=0.03", subscribers: 2, sites: sites, configuration: ClusterRun.Quick);
        using var stop = new CancellationTokenSource();
        var shape = new MailShape { Seed = 5, Domains = [.. Enumerable.Range(0, sites).Select(ClusterRun.Domain)] };
        var load = run.SubmitAsync(shape, new SubmitterPace { MessagesPerSecond = 60, Concurrent = 1_000 }, stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        var joined = await run.Silos.AddAsync();
        var started = TimeProvider.System.GetTimestamp();
        while (await AcceptedAsync(joined) < 50 || await SentAsync(joined) < 50)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, $"The new silo got {await AcceptedAsync(joined)} messages, and sent {await SentAsync(joined)}.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        await stop.CancelAsync();
        var totals = await load;
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"{totals}{Environment.NewLine}{report.ToTable()}");
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((0L, 0L), (totals.Refused + totals.Unknown, run.FeedDifferences()));
    }

    // Messages are accepted where their shard is, and sent where their site is.
    static Task<double> AcceptedAsync(SiloProcess silo) => silo.ReadMetricAsync("orleans_mail_messages_accepted");

    static Task<double> SentAsync(SiloProcess silo) => silo.ReadMetricAsync("orleans_mail_attempt_duration_seconds_count");
}
