using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Orleans.Mail.Grains.Diagnostics;

/// <summary>The service's metrics. Tags hold no address, tenant, key or host.</summary>
public static class MailInstruments
{
    public const string Name = "Orleans.Mail";

    static readonly Meter Meter = new(Name);

    public static readonly Counter<long> Accepted = Meter.CreateCounter<long>("orleans.mail.messages.accepted", "{message}", "Messages owned by the service.");
    public static readonly Counter<long> Refused = Meter.CreateCounter<long>("orleans.mail.submissions.refused", "{submission}", "Submissions answered with an error.");
    public static readonly Counter<long> Completed = Meter.CreateCounter<long>("orleans.mail.recipients.completed", "{recipient}", "Recipients whose fate is final.");
    public static readonly Counter<long> Attempts = Meter.CreateCounter<long>("orleans.mail.delivery.attempts", "{attempt}", "Outcomes of attempts, by recipient.");
    public static readonly Histogram<double> DeliveryDuration = Meter.CreateHistogram<double>("orleans.mail.delivery.duration", "s", "From acceptance to final state.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.5, 1, 2, 5, 15, 60, 300, 900, 3600, 14400, 86400, 432000] });
    public static readonly Histogram<double> AttemptDuration = Meter.CreateHistogram<double>("orleans.mail.attempt.duration", "s", "One SMTP transaction.");
    public static readonly UpDownCounter<long> Sessions = Meter.CreateUpDownCounter<long>("orleans.mail.connection.active", "{connection}", "Open SMTP sessions.");
    public static readonly UpDownCounter<long> Queued = Meter.CreateUpDownCounter<long>("orleans.mail.queue.count", "{ticket}", "Tickets in site queues.");
    public static readonly Counter<long> Postponed = Meter.CreateCounter<long>("orleans.mail.throttle.delays", "{delay}", "Tickets that found no room in a site's queue.");
    public static readonly Counter<long> SweepFinds = Meter.CreateCounter<long>("orleans.mail.sweep.finds", "{message}", "Messages that were due while nobody worked for them; 0 but after crashes.");
    public static readonly Counter<long> Quarantined = Meter.CreateCounter<long>("orleans.mail.messages.quarantined", "{message}", "Messages set aside.");
    public static readonly Counter<long> Purged = Meter.CreateCounter<long>("orleans.mail.spool.purged", "{row}", "Rows removed after the retention time.");
    public static readonly Gauge<int> CutOff = Meter.CreateGauge<int>("orleans.mail.storage.cut_off", "{silo}", "1 while other silos reach storage and this one does not.");

    /// <summary>Spans of submission and attempts.</summary>
    public static readonly ActivitySource Activities = new(Name);
}
