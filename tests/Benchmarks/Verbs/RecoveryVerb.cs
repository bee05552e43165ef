using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Benchmarks.Peers;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>recovery</c>: messages are deferred while their site is down; it returns able to take 50 a second, and refuses what is faster. The first probe comes
/// after 10 seconds instead of a minute, and each one that fails doubles that, as always; else nothing is scaled.
/// </summary>
static class RecoveryVerb
{
    const double PerSecond = 50;
    static readonly TimeSpan Probe = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(Arguments arguments)
    {
        var messages = arguments.Number("messages", 10_000);
        var receiver = new PacedReceiver(TimeSpan.Zero, PerSecond) { IsDown = true };
        await using var run = await SiteRun.StartAsync(receiver, new ReceiverOptions(), ("OrleansMail:Sites:ProbeAfter", $"{Probe}"));
        await run.SubmitAsync(messages, "recovery");
        await run.WaitAsync(() => run.All.Count(times => times.Deferred is not null), messages);
        var returned = TimeProvider.System.GetUtcNow();
        receiver.IsDown = false;
        await run.WaitAsync(() => run.All.Count(times => times.Delivered is not null), messages);
        var first = (receiver.FirstAccepted!.Value - returned).TotalSeconds;
        var drained = (run.All.Max(times => times.Delivered!.Value) - receiver.FirstAccepted.Value).TotalSeconds;
        var factor = drained / (messages / PerSecond);
        var refused = receiver.Refused * 100.0 / (receiver.Refused + receiver.Accepted);
        Report.Row($"first message, first probe after {Probe.TotalSeconds} s", first, "s");
        Report.Row($"all {messages:#,0} after", drained, "s");
        Report.Row("of the ideal", factor, "times");
        Report.Row("attempts refused", refused, "%");
        Report.Json(("firstSeconds", first), ("drainFactor", factor), ("refusedPercent", refused));
    }
}
