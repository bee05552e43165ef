using Orleans.Mail.Ledger;
using Orleans.Mail.Rig;

namespace Orleans.Mail.Acceptance.Tests.Cluster;

/// <summary>Three silos on one storage account: as good as one, and better when one is lost.</summary>
public sealed class ThreeSilosTests(ITestOutputHelper output)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Mail_goes_through_all_of_them_once()
    {
        await using var run = await ClusterRun.StartAsync(3, "rcpt4xx=0.03,rcpt5xx=0.01", subscribers: 3, configuration: ClusterRun.Quick);
        var totals = await run.SubmitAsync(new MailShape { Seed = 1 }, new SubmitterPace { Messages = 600, Concurrent = 100 });
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"{totals}{Environment.NewLine}{report.ToTable()}");
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((600L, 0L, 0L), (totals.Accepted, report.Duplicates, run.FeedDifferences()));
    }

    [Fact]
    public async Task One_is_killed_and_all_mail_still_has_its_end()
    {
        await using var run = await ClusterRun.StartAsync(3, "rcpt4xx=0.03,rcpt5xx=0.01", subscribers: 3, configuration: ClusterRun.Quick);
        using var stop = new CancellationTokenSource();
        var load = run.SubmitAsync(new MailShape { Seed = 2 }, new SubmitterPace { MessagesPerSecond = 60, Concurrent = 1_000 }, stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
        await run.Silos.KillAsync(1);
        await Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System);
        await run.Silos.RestartAsync(1);
        await run.Silos.WaitUntilReadyAsync(Patience);
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
        await stop.CancelAsync();
        var totals = await load;
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"{totals}{Environment.NewLine}{report.ToTable()}");
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((0L, 0L), (totals.Refused, run.FeedDifferences()));
    }
}
