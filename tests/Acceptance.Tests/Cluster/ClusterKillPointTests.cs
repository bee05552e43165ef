using Orleans.Mail.Ledger;
using Orleans.Mail.Rig;

namespace Orleans.Mail.Acceptance.Tests.Cluster;

/// <summary>
/// One silo of three kills itself at a named point of the path of a message; the others, on the same tables, finish it. One message is under way at a time, so that what is
/// told of it is told exactly. On one machine: <see cref="Crashes.KillPointTests"/>.
/// </summary>
public sealed class ClusterKillPointTests(ITestOutputHelper output)
{
    // SIGKILL, as a shell reports it.
    const int Killed = 128 + 9;

    // The silo that dies has some of the shards, and of the sites.
    const int Victim = 2;

    // Never seen before at each point: they are where the plan has them. Chance spares the victim at all of them once in 17,000 times.
    const int Sites = 24;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Passed by the message's silo, while its session may live on another one: that one tells the answer again, and nothing is in doubt.
    const string ToldAgain = "complete.before-commit";

    static readonly (string Point, int Doubts, int Copies)[] Points =
    [
        ("accept.before-commit", 0, 0),
        ("accept.after-commit", 0, 0),
        ("ticket.before", 0, 0),
        ("begin.after-commit", 0, 0),
        ("content.before-mark", 0, 0),
        ("content.after-mark", 1, 0),
        ("sent.before-complete", 1, 1),
        (ToldAgain, 1, 1),
        ("complete.after-commit", 0, 0),
        ("final.before-reminder-removed", 0, 0),
    ];

    [Fact]
    public Task Killed_at_each_point_of_the_path_the_others_finish_it() => RunAsync("", Points);

    // The reminder that nobody set is not missed: a session elsewhere tells its report again, and where it died too the sweep of the next owner wakes the message.
    [Fact]
    public Task Killed_before_a_deferral_has_its_reminder_the_others_try_again_at_its_time() => RunAsync("rcpt4xx=0.5", [("deferred.before-reminder", 0, 0)]);

    async Task RunAsync(string faults, (string Point, int Doubts, int Copies)[] points)
    {
        await using var run = await ClusterRun.StartAsync(3, faults, sites: points.Length * Sites, configuration: [.. ClusterRun.Quick, ("OrleansMail:Delivery:MarkEveryAttempt", "true")]);
        var (sent, copies) = (0, 0);
        for (var i = 0; i < points.Length; i++)
        {
            var (point, doubts, more) = points[i];
            await run.Silos.KillAsync(Victim);
            await run.Silos.RestartAsync(Victim, new Dictionary<string, string> { ["ORLEANS_MAIL_KILL"] = point });
            await run.Silos.WaitUntilReadyAsync(Patience);
            var told = run.Events.Count(EventType.Uncertain);
            for (var site = 0; site < Sites && !run.Silos[Victim].HasExited; site++, sent++)
            {
                var shape = new MailShape { Prefix = point, Seed = site, MostRecipients = 1, Domains = [ClusterRun.Domain(i * Sites + site)] };
                await run.SubmitAsync(shape, new SubmitterPace { Messages = 1 });
                await run.DrainAsync(Patience);
            }

            var doubted = run.Events.Count(EventType.Uncertain) - told;
            if (point == ToldAgain && doubted == 0) (doubts, more) = (0, 0);
            copies += more;
            output.WriteLine($"{point}: {sent} messages, {run.Sink.Report.Copies} copies, {doubted} in doubt");
            Assert.True(run.Silos[Victim].HasExited, $"{point} was never passed");
            Assert.Equal((point, Killed, doubts, sent + copies), (point, run.Silos[Victim].ExitCode, doubted, (int)run.Sink.Report.Copies));
        }

        var report = await run.CheckAsync();
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((long)sent, report.Delivered);
    }
}
