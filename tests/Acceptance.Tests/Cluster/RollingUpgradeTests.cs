using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Ledger;
using Orleans.Mail.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Cluster;

/// <summary>Silos of an earlier build and of this one, side by side on what both have stored.</summary>
public sealed class RollingUpgradeTests(ITestOutputHelper output)
{
    const int Silos = 3;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    // Members that changed their numbers with each other are understood without a complaint; what comes of it is delay, which a rolling upgrade has anyway.
    [Fact]
    public async Task Nothing_that_silos_tell_each_other_was_renumbered_renamed_or_taken_away()
    {
        var earlier = WireContracts.Of(Path.GetDirectoryName(await EarlierSilo.BuildAsync())!);
        var now = WireContracts.Of(Path.GetDirectoryName(SiloProcess.SiloPath)!);
        output.WriteLine($"{earlier.Count} lines then, {now.Count} now");
        Assert.True(earlier.Count > 300, $"{earlier.Count} lines");
        Assert.Empty(earlier.Except(now));
    }

    [Fact]
    public async Task Silos_are_replaced_one_by_one_by_those_of_this_build_and_back_while_mail_flows()
    {
        var earlier = await EarlierSilo.BuildAsync();
        await using var run = await ClusterRun.StartAsync(Silos, "rcpt4xx=0.05,rcpt5xx=0.01", subscribers: 2, program: earlier, configuration: ClusterRun.Quick);
        using var stop = new CancellationTokenSource();
        var load = run.SubmitAsync(new MailShape { Seed = 6 }, new SubmitterPace { MessagesPerSecond = 8, Concurrent = 4_000 }, stop.Token);
        foreach (var program in (string?[])[null, earlier])
        {
            for (var silo = 0; silo < Silos; silo++)
            {
                await run.Silos.ReplaceAsync(silo, program);
                await AcceptsAsync(run, silo);
            }
        }

        await stop.CancelAsync();
        var totals = await load;
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"{totals}{Environment.NewLine}{report.ToTable()}{Environment.NewLine}{run.Failures}");
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((0L, 0L), (totals.Refused + totals.Unknown, run.FeedDifferences()));
        Assert.Empty(run.Silos.NotUnderstood);
    }

    // Messages are accepted where their shard is: it works beside those of the other build.
    static async Task AcceptsAsync(ClusterRun run, int silo)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (await run.Silos[silo].ReadMetricAsync("orleans_mail_messages_accepted") < 10)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, $"Silo {silo} accepted nothing.{Environment.NewLine}{run.Silos[silo].Output}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }
}
