using System.Globalization;
using System.Text;
using Orleans.Mail.Benchmarks.Peers;
using Orleans.Mail.Rig;
using Orleans.Mail.Support;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>scale</c>: the same work on more and more silos. Every site takes 50 ms a message and every silo has a few sessions only, so that neither cores nor
/// the storage emulator are the limit, and what is seen is whether more silos are more sessions at work.
/// </summary>
static class ScaleVerb
{
    const int Sites = 24;
    const int SessionsPerSilo = 4;
    static readonly TimeSpan PerMessage = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(Arguments arguments)
    {
        var counts = (arguments.Text("silos") ?? "1,2,4").Split(',').Select(count => int.Parse(count, CultureInfo.InvariantCulture)).ToList();
        var messages = arguments.Number("messages", 2000);
        var rates = new List<(int Silos, double Rate)>();
        foreach (var silos in counts)
        {
            rates.Add((silos, await RateAsync(silos, messages * silos)));
            Report.Row(string.Create(CultureInfo.InvariantCulture, $"{silos} silos, of {silos * SessionsPerSilo / PerMessage.TotalSeconds:0}/s that their sessions could"), rates[^1].Rate, "msg/s");
        }

        Report.Json([.. rates.Select(rate => ($"rate{rate.Silos}", (double?)rate.Rate)).ToArray()]);
    }

    static async Task<double> RateAsync(int silos, int messages)
    {
        var receivers = Enumerable.Range(0, Sites).Select(_ => new PacedReceiver(PerMessage)).ToList();
        var listeners = receivers.Select(receiver => SmtpReceiver.Start(new ReceiverOptions(), receiver, TimeProvider.System)).ToList();
        try
        {
            var settings = new SiloSettings { Folder = Path.GetTempPath() }.DeliveringTo(listeners[0].EndPoint.Port).With(
            [
                ("OrleansMail:Delivery:MaxSessions", $"{SessionsPerSilo}"),
                .. listeners.Select((listener, number) => ($"OrleansMail:Delivery:Routes:d{number}.test", $"127.0.0.1:{listener.EndPoint.Port}")),
            ]);
            await using var cluster = await SiloCluster.StartAsync(silos, settings);
            await using var mail = await ClusterRun.ConnectAsync(cluster);
            var submitting = SubmitAsync(mail, messages);
            // From a fifth to three fifths of the work: neither the start nor the sites that are left at the end.
            var from = await ReachedAsync(receivers, messages / 5);
            var to = await ReachedAsync(receivers, messages * 3 / 5);
            await submitting;
            await ReachedAsync(receivers, messages);
            return (to.Count - from.Count) / TimeProvider.System.GetElapsedTime(from.At, to.At).TotalSeconds;
        }
        finally
        {
            foreach (var listener in listeners) await listener.DisposeAsync();
        }
    }

    static Task SubmitAsync(MailClient mail, int messages) => Parallel.ForEachAsync(Enumerable.Range(0, messages), new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (number, token) =>
    {
        var content = Encoding.ASCII.GetBytes($"From: <bench@sender.test>\r\nSubject: scale {number}\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{number}@sender.test>\r\n\r\nHello.\r\n");
        await mail.SubmitAsync(MailDraft.FromEml(content, "bench@sender.test", $"a{number}@d{number % Sites}.test"), token);
    });

    static async Task<(long Count, long At)> ReachedAsync(List<PacedReceiver> receivers, long count)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = receivers.Sum(receiver => receiver.Accepted);
            if (now >= count) return (now, TimeProvider.System.GetTimestamp());
            if (TimeProvider.System.GetElapsedTime(started) > Patience) throw new InvalidOperationException($"{now} of {count} messages after {Patience}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
