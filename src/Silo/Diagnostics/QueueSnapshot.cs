using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Silo.Diagnostics;

/// <summary>
/// One log record a minute that says how this silo's part of the queue stands. Alerts are queries over it: not every platform carries metrics,
/// all carry logs. Names and meaning of its fields are part of the operators' interface; see docs/observability.md.
/// </summary>
sealed partial class QueueSnapshot(
    QueueCounts queue, ISpoolHealth spool, ILocalSiloDetails silo, IOptions<DeliveryOptions> delivery, TimeProvider clock, ILogger<QueueSnapshot> log) : BackgroundService
{
    static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    readonly MinuteCounts _counts = new();

    public override void Dispose()
    {
        _counts.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await TellAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogFailed(exception);
            }
        }
    }

    async Task TellAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var count = await queue.ReadAsync(cancellationToken);
        var late = count.OldestDue is { } due && due < now ? (now - due).TotalSeconds : 0;
        LogSnapshot(silo.Name, delivery.Value.Mode, count.Shards, count.Live, Math.Round(late), _counts.Take("orleans.mail.messages.accepted"),
            _counts.TakeOutcome("delivered"), _counts.TakeOutcome("deferred"), _counts.TakeOutcome("bounced"), _counts.TakeOutcome("unknown"), spool.Fault?.ToString() ?? "");
    }

    [LoggerMessage(2101, LogLevel.Information, "QueueSnapshot of {Silo}, mode {Mode}: {Shards} shards, {Live} live, oldest due {OldestDueSeconds} s ago; in the last minute {AcceptedPerMinute} accepted, {DeliveredPerMinute} delivered, {DeferredPerMinute} deferred, {BouncedPerMinute} bounced, {UnknownPerMinute} in doubt; spool fault '{SpoolFault}'.")]
    partial void LogSnapshot(string silo, DeliveryMode mode, int shards, long live, double oldestDueSeconds, long acceptedPerMinute, long deliveredPerMinute, long deferredPerMinute, long bouncedPerMinute, long unknownPerMinute, string spoolFault);

    [LoggerMessage(2102, LogLevel.Warning, "The queue could not be counted.")]
    partial void LogFailed(Exception exception);
}

/// <summary>Counters of the service, from one reading to the next.</summary>
sealed class MinuteCounts : IDisposable
{
    const string Attempts = "orleans.mail.delivery.attempts";

    readonly MeterListener _listener = new();
    readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    readonly Lock _gate = new();

    public MinuteCounts()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == MailInstruments.Name && instrument.Name is Attempts or "orleans.mail.messages.accepted") listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>(Count);
        _listener.Start();
    }

    public long TakeOutcome(string outcome) => Take($"{Attempts}/{outcome}");

    public long Take(string name)
    {
        lock (_gate) return _counts.Remove(name, out var count) ? count : 0;
    }

    public void Dispose() => _listener.Dispose();

    void Count(Instrument instrument, long measurement, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var name = instrument.Name;
        foreach (var (key, value) in tags)
            if (key == "outcome")
                name = $"{name}/{value}";
        lock (_gate) _counts[name] = _counts.GetValueOrDefault(name) + measurement;
    }
}
