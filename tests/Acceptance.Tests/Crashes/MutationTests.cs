using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Ledger;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Crashes;

/// <summary>
/// The proof that a clean report means something: a test build that breaks one promise must not pass the checker, under the very
/// conditions under which the real one does.
/// </summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    const int Messages = 60;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Start = TimeSpan.FromSeconds(60);
    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(3);
    static readonly MailShape Shape = new() { MostRecipients = 1, Prefix = "mutant" };

    [Fact]
    public async Task A_receipt_before_the_commit_shows_as_lost_mail()
    {
        var report = await KillAtFirstReceiptsAsync(await SabotagedSilo.BreakingAsync("RECEIPT"));

        Assert.True(report.Lost > 0, report.ToTable());
    }

    [Fact]
    public async Task A_receipt_after_the_commit_holds_at_the_same_moment()
    {
        var report = await KillAtFirstReceiptsAsync(broken: null);

        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal(Messages, report.Delivered);
    }

    [Fact]
    public async Task An_attempt_without_write_ahead_shows_as_unexplained_duplicates()
    {
        var kill = new Dictionary<string, string> { ["ORLEANS_MAIL_KILL"] = "sent.before-complete:5" };
        await using var run = await CrashRun.StartAsync("", seed: 1, kill, await SabotagedSilo.BreakingAsync("WRITEAHEAD"));
        var load = run.SubmitAsync(Shape, new SubmitterPace { Messages = Messages, Concurrent = Messages });
        await run.Silo.WaitForExitAsync(Start);
        await run.RestartAsync();
        await load;
        var report = await EndAsync(run);

        Assert.True(report.UnexplainedDuplicates > 0, report.ToTable());
    }

    [Fact]
    public async Task An_open_fence_shows_as_unexplained_duplicates()
    {
        await using var run = await CrashRun.StartAsync("", seed: 1, broken: await SabotagedSilo.BreakingAsync("FENCE"));
        await run.SubmitAsync(Shape, new SubmitterPace { Messages = Messages, Concurrent = Messages });
        var report = await EndAsync(run);

        Assert.True(report.UnexplainedDuplicates > 0, report.ToTable());
    }

    [Fact]
    public async Task A_closed_fence_makes_tickets_that_are_handed_out_twice_harmless()
    {
        await using var run = await CrashRun.StartAsync("", seed: 1, broken: await SabotagedSilo.BreakingAsync("TICKETS"));
        await run.SubmitAsync(Shape, new SubmitterPace { Messages = Messages, Concurrent = Messages });
        var report = await EndAsync(run);

        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal((Messages, 0), (report.Delivered, report.Duplicates));
    }

    [Fact]
    public async Task Two_owners_of_one_spool_show_as_unexplained_duplicates()
    {
        // What keeps a second owner out cannot be switched off: the file can be opened by one process only. So the second gets a copy.
        await using var run = await CrashRun.StartAsync("rcpt4xx=0.8", seed: 1);
        await run.SubmitAsync(Shape, new SubmitterPace { Messages = Messages, Concurrent = Messages });
        await run.Silo.KillAsync();
        var copy = run.CopySpool();
        await using var other = await SiloProcess.StartReadyAsync(copy);
        await run.RestartAsync();
        var report = await EndAsync(run);

        Assert.True(report.UnexplainedDuplicates > 0, report.ToTable());
    }

    [Fact]
    public async Task A_second_silo_on_the_same_spool_gets_nowhere()
    {
        await using var run = await CrashRun.StartAsync("rcpt4xx=0.2", seed: 1);
        await using var second = SiloProcess.Start(run.Settings);
        await run.SubmitAsync(Shape, new SubmitterPace { Messages = 200, MessagesPerSecond = 40 });
        var report = await EndAsync(run);

        await Assert.ThrowsAnyAsync<Exception>(() => second.WaitUntilReadyAsync(TimeSpan.FromSeconds(1)));
        Assert.True(report.IsClean, report.ToTable());
        Assert.Equal(200, report.Delivered);
    }

    async Task<LedgerReport> KillAtFirstReceiptsAsync(SiloSettings? broken)
    {
        await using var run = await CrashRun.StartAsync("", seed: 1, broken: broken);
        var load = run.SubmitAsync(Shape, new SubmitterPace { Messages = Messages, Concurrent = Messages / 4 });
        while (run.Receipts < 2) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        await run.KillAndRestartAsync();
        await run.Silo.WaitUntilReadyAsync(Start);
        await load;
        return await EndAsync(run);
    }

    async Task<LedgerReport> EndAsync(CrashRun run)
    {
        await run.Silo.WaitUntilReadyAsync(Start);
        await run.DrainAsync(Patience);
        await run.WaitForQuietSinkAsync(Quiet);
        var report = await run.CheckAsync();
        output.WriteLine(report.ToTable());
        return report;
    }
}
