using System.Globalization;
using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Ledger;

namespace Orleans.Mail.Acceptance.Tests.Crashes;

/// <summary>
/// SIGKILL at random moments under load, over and over, on the same files. <c>ORLEANS_MAIL_KILLS</c> says how often (5 by default, 50 in CI),
/// <c>ORLEANS_MAIL_SEED</c> repeats a run's moments.
/// </summary>
public sealed class RandomKillTests(ITestOutputHelper output)
{
    const double MessagesPerSecond = 250;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static int Kills => Number("ORLEANS_MAIL_KILLS") ?? (Environment.GetEnvironmentVariable("CI") == "true" ? 50 : 5);

    [Fact]
    public async Task Nothing_accepted_is_lost_and_every_duplicate_is_explained()
    {
        var seed = Number("ORLEANS_MAIL_SEED") ?? Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}, {Kills} kills");
        var random = new Random(seed);
        await using var run = await CrashRun.StartAsync("rcpt4xx=0.03,rcpt5xx=0.01,dot4xx=0.02,drop-before-dot=0.005,drop-after-dot=0.005", seed);
        using var stop = new CancellationTokenSource();
        var load = run.SubmitAsync(new MailShape { Seed = seed }, new SubmitterPace { MessagesPerSecond = MessagesPerSecond, Concurrent = 2_000 }, stop.Token);

        for (var kill = 1; kill <= Kills; kill++)
        {
            // One in four dies while it starts; the others while they work.
            var afterReady = kill == 1 || random.Next(4) > 0;
            if (afterReady) await run.Silo.WaitUntilReadyAsync(Patience);
            await Task.Delay(TimeSpan.FromSeconds(0.2 + 1.8 * random.NextDouble()), TimeProvider.System);
            await run.KillAndRestartAsync();
        }

        await run.Silo.WaitUntilReadyAsync(Patience);
        await stop.CancelAsync();
        var totals = await load;
        await run.DrainAsync(Patience);
        var report = await run.CheckAsync();
        output.WriteLine($"{totals}{Environment.NewLine}{report.ToTable()}");

        Assert.True(report.IsClean, $"seed {seed}{Environment.NewLine}{report.ToTable()}");
        Assert.Equal(0, totals.Refused);
        // A slow machine is up for less of the time between two kills. Some dozens a kill are still a load to be caught with.
        Assert.True(report.Messages > Kills * 25, $"Only {report.Messages} messages were accepted: no load to speak of.");
    }

    static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
