using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Ledger;

namespace Orleans.Mail.Acceptance.Tests.Crashes;

/// <summary>The silo kills itself at a named point of the path of a message; DESIGN's crash table says what must show after a restart on the same files.</summary>
public sealed class KillPointTests(ITestOutputHelper output)
{
    const int Messages = 20;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // SIGKILL, as a shell reports it.
    const int Killed = 128 + 9;

    public enum Doubt
    {
        /// <summary>The receiver cannot have the message: no Uncertain event, no second copy.</summary>
        None,

        /// <summary>The process died with the end of data announced and not sent: Uncertain, and no second copy.</summary>
        WithoutCopy,

        /// <summary>The receiver took it and the result was lost: Uncertain, and the second copy that it explains.</summary>
        WithCopy,
    }

    [Theory]
    [InlineData("accept.before-commit", Doubt.None)]
    [InlineData("accept.after-commit", Doubt.None)]
    [InlineData("ticket.before", Doubt.None)]
    [InlineData("begin.after-commit", Doubt.None)]
    [InlineData("content.before-end-of-data", Doubt.None)]
    [InlineData("content.after-mark", Doubt.WithoutCopy)]
    [InlineData("sent.before-complete", Doubt.WithCopy)]
    [InlineData("complete.before-commit", Doubt.WithCopy)]
    [InlineData("complete.after-commit", Doubt.None)]
    [InlineData("final.before-reminder-removed", Doubt.None)]
    public Task Killed_at(string point, Doubt doubt) => RunAsync(point, doubt, faults: "");

    [Theory]
    [InlineData("deferred.before-reminder")]
    [InlineData("final.before-reminder-removed")]
    public Task Killed_while_half_of_the_recipients_are_deferred_at(string point) => RunAsync(point, Doubt.None, faults: "rcpt4xx=0.5");

    async Task RunAsync(string point, Doubt doubt, string faults)
    {
        foreach (var passing in Passings)
        {
            await using var run = await CrashRun.StartAsync(faults, seed: passing, new Dictionary<string, string> { ["ORLEANS_MAIL_KILL"] = $"{point}:{passing}" });
            var load = run.SubmitAsync(new MailShape { MostRecipients = 1, Prefix = "kp" }, new SubmitterPace { Messages = Messages, Concurrent = Messages });

            await run.Silo.WaitForExitAsync(Patience);
            Assert.Equal(Killed, run.Silo.ExitCode);
            await run.RestartAsync();
            await run.Silo.WaitUntilReadyAsync(Patience);
            var totals = await load;
            await run.DrainAsync(Patience);
            var uncertain = run.Events.Count(EventType.Uncertain);
            var report = await run.CheckAsync();
            output.WriteLine($"{point}:{passing}: {totals}{Environment.NewLine}{report.ToTable()}");

            Assert.True(report.IsClean, $"{point}:{passing}{Environment.NewLine}{report.ToTable()}");
            Assert.Equal(new SubmitterTotals(Messages, 0, 0), totals);
            Assert.Equal(Messages, report.Delivered);
            AssertDoubt(doubt, uncertain, report);
        }
    }

    // Other messages may stand in their own windows at that moment, so doubt where some is due has no upper bound but the number of sessions.
    static void AssertDoubt(Doubt doubt, int uncertain, LedgerReport report)
    {
        if (doubt is Doubt.WithoutCopy) Assert.True(uncertain > 0, "An attempt that died after the mark must show as Uncertain.");
        if (doubt is Doubt.WithCopy) Assert.True(report.ExplainedDuplicates > 0, "A copy whose result was lost must be sent again, and explained.");
        Assert.True(uncertain <= MaxInDoubt, $"{uncertain} Uncertain events, more than there are sessions.");
    }

    // The sessions of one site.
    const int MaxInDoubt = 20;

    static int[] Passings => Environment.GetEnvironmentVariable("CI") == "true" ? [1, 4] : [2];
}
