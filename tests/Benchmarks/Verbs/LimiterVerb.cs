using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Benchmarks.Peers;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary><c>limiter</c>: Postfix's own experiment (SCHEDULER_README). The receiver answers 421 above 5 connections, the client's limit is 20: how much mail is deferred?</summary>
static class LimiterVerb
{
    public static async Task RunAsync(Arguments arguments)
    {
        var messages = arguments.Number("messages", 5_000);
        var receiver = new PacedReceiver(TimeSpan.FromMilliseconds(5));
        await using var run = await SiteRun.StartAsync(receiver, new ReceiverOptions { MaxSessions = 5 }, ("OrleansMail:Sites:MaxSessions", "20"));
        var start = TimeProvider.System.GetTimestamp();
        await run.SubmitAsync(messages, "limiter");
        await run.WaitAsync(() => run.All.Count(times => times.Delivered is not null || times.Deferred is not null), messages);
        var deferred = run.All.Count(times => times.Deferred is not null) * 100.0 / messages;
        var throughput = run.All.Count(times => times.Delivered is not null) / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        Report.Row("mail deferred", deferred, "%");
        Report.Row("throughput", throughput, "msg/s");
        Report.Json(("deferredPercent", deferred), ("throughput", throughput));
    }
}
