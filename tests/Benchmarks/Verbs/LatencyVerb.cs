using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Benchmarks.Peers;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>latency</c>: a backlog of Bulk messages of ten tenants at one site that takes 20 ms a message; High messages come one a second, and a small tenant
/// sends Normal ones meanwhile. From SubmitAsync to the first attempt.
/// </summary>
static class LatencyVerb
{
    static readonly TimeSpan PerMessage = TimeSpan.FromMilliseconds(20);
    const int Prefetch = 8;

    // A tenant that is alone in its lane is next at the first session that asks. Sessions ask once their prefetch is taken, and its message stands behind
    // what that session took before: at the worst two prefetches of the receiver's time, whatever the backlog.
    static readonly TimeSpan FairDelay = 2 * Prefetch * PerMessage;

    public static async Task RunAsync(Arguments arguments)
    {
        var backlog = arguments.Number("backlog", 50_000);
        var high = arguments.Number("high", 60);
        var receiver = new PacedReceiver(PerMessage);
        await using var run = await SiteRun.StartAsync(receiver, new ReceiverOptions(), ("OrleansMail:Delivery:SessionPrefetch", $"{Prefetch}"), ("OrleansMail:Sites:MaxQueued", $"{Math.Max(500_000, backlog)}"));
        await run.SubmitAsync(backlog, "bulk", Priority.Bulk, tenants: 10);
        Report.Row("backlog when the first High message comes", backlog - receiver.Accepted, "messages");
        var small = run.SubmitAsync(high, "small", Priority.Normal, perSecond: 1);
        await run.SubmitAsync(high, "high", Priority.High, perSecond: 1);
        await small;
        await run.WaitAsync(() => Waits(run, "high").Length, high);
        await run.WaitAsync(() => Waits(run, "small").Length, high);
        var waits = Waits(run, "high");
        var normal = Waits(run, "small");
        var fair = Figures.Percentile(normal, 0.99) / FairDelay.TotalMilliseconds;
        Report.Row("High, p50", Figures.Percentile(waits, 0.5), "ms");
        Report.Row("High, p99", Figures.Percentile(waits, 0.99), "ms");
        Report.Row("a small tenant's Normal, p99", Figures.Percentile(normal, 0.99), "ms");
        Report.Row("of what its fair share predicts", fair, "times");
        Report.Json(("p50Ms", Figures.Percentile(waits, 0.5)), ("p99Ms", Figures.Percentile(waits, 0.99)), ("backlog", backlog), ("fairShareFactor", fair));
    }

    static double[] Waits(SiteRun run, string name) =>
        [.. run.All.Where(times => times.Name == name && times.FirstAttempt is not null).Select(times => (times.FirstAttempt!.Value - times.Submitted).TotalMilliseconds)];
}
