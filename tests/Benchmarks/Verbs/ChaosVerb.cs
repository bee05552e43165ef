using System.Globalization;
using Orleans.Mail.Ledger;
using Orleans.Mail.Rig;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>chaos</c>: silos as processes on one storage emulator, a steady load with idempotency keys, a receiver that counts every copy and fails a
/// realistic share. Every 20 seconds a silo, chosen by chance, is killed, stands still past its lease, or is cut off from storage. Of the settings only the
/// backoff is scaled, and the retention.
/// </summary>
static class ChaosVerb
{
    const int Limit = 20;
    static readonly TimeSpan Period = TimeSpan.FromSeconds(20);
    static readonly TimeSpan Steady = TimeSpan.FromSeconds(20);
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(11);

    enum Harm
    {
        Kill,
        StandStill,
        CutOff,
    }

    public static async Task RunAsync(Arguments arguments)
    {
        var silos = arguments.Number("silos", 3);
        var minutes = arguments.Number("minutes", 8);
        var least = arguments.Number("kills", 0);
        var rate = arguments.Number("rate", 100);
        var seed = arguments.Number("seed", 1);
        await using var run = await ClusterRun.StartAsync(silos, "rcpt4xx=0.03,rcpt5xx=0.01,dot4xx=0.02,drop-before-dot=0.005,drop-after-dot=0.005,slow=0.01", seed, subscribers: 3, configuration:
            [("OrleansMail:Delivery:Backoff:0", "00:00:05"), ("OrleansMail:Sites:MaxSessions", $"{Limit}"),
                // The emulator looks through all rows of a table at each query: what is final is not kept for long.
                ("OrleansMail:Spool:Retention", "00:03:00")]);
        using var stop = new CancellationTokenSource();
        using var watching = new CancellationTokenSource();
        var watch = new ThroughputWatch(run.Sink);
        var load = run.SubmitAsync(new MailShape { Seed = seed }, new SubmitterPace { MessagesPerSecond = rate, Concurrent = 50_000 }, stop.Token);
        var watched = watch.RunAsync(watching.Token);
        await Task.Delay(Steady, TimeProvider.System);
        var steady = watch.Rate(Steady / 2);
        Report.Row("before any harm", steady, "recipients/s");

        var harms = await HarmAsync(run, new Random(seed), TimeSpan.FromMinutes(minutes), least, watch);
        await run.Silos.WaitUntilReadyAsync(TimeSpan.FromMinutes(2));
        await Task.Delay(Steady, TimeProvider.System);
        await stop.CancelAsync();
        var totals = await load;
        await run.DrainAsync(Patience);
        await watching.CancelAsync();
        await watched;
        var concurrency = run.Sink.Report.MaxConcurrentSessions;
        var report = await run.CheckAsync();
        Console.WriteLine(report.ToTable());

        var recoveries = harms.Where(harm => harm.What is Harm.Kill).Select(harm => watch.RecoveredAfter(harm.At, steady * 0.8)).Order().ToList();
        var kills = harms.Count(harm => harm.What is Harm.Kill);
        Report.Row("accepted, outcome unknown, refused", $"{totals.Accepted}, {totals.Unknown}, {totals.Refused}");
        Report.Row("killed, stood still, cut off", $"{kills}, {harms.Count(harm => harm.What is Harm.StandStill)}, {harms.Count(harm => harm.What is Harm.CutOff)}");
        Report.Row("most sessions at the receiver", $"{concurrency} of {Limit}");
        var gaps = run.FeedDifferences();
        Report.Row("feed: gaps and repeats at 3 subscribers", $"{gaps}");
        Report.Row("80 % of the rate after a kill, each", string.Join(", ", recoveries.Select(seconds => string.Create(CultureInfo.InvariantCulture, $"{seconds:0}"))) + " s");
        Report.Row("80 % of the rate after a kill, p99", Last(recoveries), "s");
        Report.Json(("accepted", totals.Accepted), ("lost", report.Lost), ("duplicatesExplained", report.ExplainedDuplicates), ("duplicatesUnexplained", report.UnexplainedDuplicates),
            ("kills", kills), ("maxConcurrency", concurrency), ("concurrencyLimit", Limit), ("feedGaps", gaps), ("recoverySecondsP99", Last(recoveries)));
    }

    static double Last(List<double> values) => values.Count == 0 ? double.NaN : values[(int)Math.Ceiling(values.Count * 0.99) - 1];

    static async Task<List<(Harm What, long At)>> HarmAsync(ClusterRun run, Random random, TimeSpan time, int least, ThroughputWatch watch)
    {
        var harms = new List<(Harm, long)>();
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < time || harms.Count(harm => harm.Item1 is Harm.Kill) < least)
        {
            var at = TimeProvider.System.GetTimestamp();
            var silo = random.Next(run.Silos.Count);
            // Three of four are kills.
            var harm = random.Next(8) switch { 0 => Harm.StandStill, 1 => Harm.CutOff, _ => Harm.Kill };
            harms.Add((harm, at));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetElapsedTime(start).TotalSeconds,6:0}s  {harm} {silo}, {watch.Rate(TimeSpan.FromSeconds(5)):0}/s"));
            await DoAsync(run, silo, harm);
            var rest = Period - TimeProvider.System.GetElapsedTime(at);
            if (rest > TimeSpan.Zero) await Task.Delay(rest, TimeProvider.System);
        }

        return harms;
    }

    static async Task DoAsync(ClusterRun run, int silo, Harm harm)
    {
        switch (harm)
        {
            case Harm.Kill:
                await run.Silos.KillAsync(silo);
                await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
                await run.Silos.RestartAsync(silo);
                break;
            case Harm.StandStill:
                run.Silos[silo].Pause();
                // Longer than the cluster waits before it declares a silo dead, and than a lease.
                await Task.Delay(TimeSpan.FromSeconds(70), TimeProvider.System);
                run.Silos[silo].Continue();
                // It learns that it is dead, and ends.
                await run.Silos[silo].WaitForExitAsync(TimeSpan.FromMinutes(3));
                await run.Silos.RestartAsync(silo);
                break;
            default:
                run.Silos.Cut(silo);
                await Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System);
                run.Silos.Mend(silo);
                if (run.Silos[silo].HasExited) await run.Silos.RestartAsync(silo);
                break;
        }

        await run.Silos.WaitUntilReadyAsync(TimeSpan.FromMinutes(2));
    }

    /// <summary>Copies at the receiver, second by second.</summary>
    sealed class ThroughputWatch(LedgerSink sink)
    {
        static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

        readonly List<(long At, long Copies)> _samples = [];

        public async Task RunAsync(CancellationToken stop)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            try
            {
                while (await timer.WaitForNextTickAsync(stop))
                    lock (_samples) _samples.Add((TimeProvider.System.GetTimestamp(), sink.Report.Copies));
            }
            catch (OperationCanceledException)
            {
                // Stopped.
            }
        }

        /// <summary>Copies a second over the last span.</summary>
        public double Rate(TimeSpan span)
        {
            lock (_samples) return _samples.Count == 0 ? 0 : RateAt(_samples.Count - 1, span);
        }

        /// <summary>
        /// Seconds from that moment until the rate over five seconds, having been lower within a period, was at least so high again: however long it took, and whatever
        /// harm came next. 0 where it was never lower; all of the time where it stayed so.
        /// </summary>
        public double RecoveredAfter(long at, double rate)
        {
            lock (_samples)
            {
                var isLow = false;
                for (var i = _samples.FindIndex(sample => sample.At >= at); i >= 0 && i < _samples.Count; i++)
                {
                    var passed = TimeProvider.System.GetElapsedTime(at, _samples[i].At);
                    if (RateAt(i, Window) < rate) isLow |= passed < Period;
                    else if (isLow) return passed.TotalSeconds;
                }

                return isLow ? TimeProvider.System.GetElapsedTime(at, _samples[^1].At).TotalSeconds : 0;
            }
        }

        double RateAt(int index, TimeSpan span)
        {
            var first = index;
            while (first > 0 && TimeProvider.System.GetElapsedTime(_samples[first].At, _samples[index].At) < span) first--;
            var seconds = TimeProvider.System.GetElapsedTime(_samples[first].At, _samples[index].At).TotalSeconds;
            return seconds > 0 ? (_samples[index].Copies - _samples[first].Copies) / seconds : 0;
        }
    }
}
