using System.Collections.Concurrent;
using System.Globalization;
using Orleans.Configuration;
using Orleans.Mail.Ledger;
using Orleans.Mail.Support;

namespace Orleans.Mail.Rig;

/// <summary>Several silo processes on one storage emulator, a client that lives through whatever happens to them, a sink, and the ledgers that are compared at the end.</summary>
public sealed class ClusterRun : IAsyncDisposable
{
    public const string Tenant = "acceptance";

    /// <summary>Settings with which deaths are noticed, and what waits is looked after, within seconds.</summary>
    public static IReadOnlyCollection<(string Key, string Value)> Quick { get; } =
    [
        ("OrleansMail:AzureSpool:ShardCount", "8"),
        ("OrleansMail:Delivery:Backoff:0", "00:00:01"), ("OrleansMail:Sites:ProbeAfter", "00:00:01"), ("OrleansMail:Sites:LeaseTime", "00:00:05"),
        ("OrleansMail:Spool:SweepInterval", "00:00:01"), ("OrleansMail:Spool:SweepGrace", "00:00:02"), ("OrleansMail:Delivery:QueueHold", "00:00:20"),
        ("OrleansMail:Spool:LeaveAfter", "00:00:05"),
        ("OrleansMail:Orleans:Membership:ProbeTimeout", "00:00:01"), ("OrleansMail:Orleans:Membership:NumMissedProbesLimit", "2"),
        ("OrleansMail:Orleans:Membership:TableRefreshTimeout", "00:00:05"), ("OrleansMail:Orleans:Membership:IAmAliveTablePublishTimeout", "00:00:05"),
        ("OrleansMail:Orleans:Membership:NumMissedTableIAmAliveLimit", "2"),
    ];

    const int MaxFailures = 1_000;

    readonly string _folder;
    readonly List<LinkSwitch> _ways;
    readonly DurableLines<SubmittedLine> _submitted;
    readonly List<EventLedger> _subscribers = [];
    readonly ConcurrentQueue<string> _failures = [];
    bool _areLedgersClosed;

    ClusterRun(string folder, LedgerSink sink, List<LinkSwitch> ways, SiloCluster silos, MailClient mail, int subscribers)
    {
        (_folder, Sink, _ways, Silos, Mail) = (folder, sink, ways, silos, mail);
        _submitted = new DurableLines<SubmittedLine>(SubmittedPath, LedgerJson.Default.SubmittedLine);
        for (var i = 0; i < subscribers; i++) _subscribers.Add(new EventLedger(mail, EventsPath(i)));
    }

    public SiloCluster Silos { get; }

    public LedgerSink Sink { get; }

    public MailClient Mail { get; }

    /// <summary>Why the first submissions that got no receipt got none.</summary>
    public string Failures => string.Join(Environment.NewLine, _failures.CountBy(failure => failure).Select(failure => $"{failure.Value} × {failure.Key}"));

    public EventLedger Events => _subscribers[0];

    string SubmittedPath => Path.Combine(_folder, "submitted.ledger");

    string ReceivedPath => Path.Combine(_folder, "received.ledger");

    string EventsPath(int subscriber) => Path.Combine(_folder, $"events.{subscriber}.ledger");

    /// <param name="silos">How many.</param>
    /// <param name="faults">What the sink does wrong, and how often.</param>
    /// <param name="seed">Chance of the sink.</param>
    /// <param name="subscribers">How many follow the feed.</param>
    /// <param name="program">The silo's program; null for the real one.</param>
    /// <param name="sites">So many domains (<see cref="Domain"/>) have a way to the sink each, and are sites of their own. All others share one.</param>
    /// <param name="configuration">Of the silos.</param>
    public static async Task<ClusterRun> StartAsync(
        int silos, string faults = "", int seed = 1, int subscribers = 1, string? program = null, int sites = 0, params IReadOnlyCollection<(string Key, string Value)> configuration)
    {
        AzuriteInstance.Require();
        var folder = Directory.CreateTempSubdirectory("mail-cluster-").FullName;
        var sink = new LedgerSink(0, Path.Combine(folder, "received.ledger"), new FaultDice(FaultShares.Parse(faults), seed), TimeProvider.System);
        var ways = Enumerable.Range(0, sites).Select(_ => new LinkSwitch(sink.EndPoint.Port)).ToList();
        var settings = new SiloSettings { Folder = folder, Program = program }.DeliveringTo(sink.EndPoint.Port)
            .With([.. configuration, .. ways.Select((way, number) => ($"OrleansMail:Delivery:Routes:{Domain(number)}", $"127.0.0.1:{way.Port}"))]);
        var cluster = await SiloCluster.StartAsync(silos, settings);
        return new ClusterRun(folder, sink, ways, cluster, await ConnectAsync(cluster), subscribers);
    }

    /// <summary>The domain that is a site of this number.</summary>
    public static string Domain(int site) => string.Create(CultureInfo.InvariantCulture, $"s{site}.test");

    public static Task<MailClient> ConnectAsync(SiloCluster silos, TimeSpan? submitTimeout = null) => MailClient.ConnectAsync(
        client => client.UseStaticClustering(silos.Gateways)
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("orleans-mail", "orleans-mail")),
        options => (options.Tenant, options.SubmitTimeout) = (Tenant, submitTimeout ?? TimeSpan.FromSeconds(120)),
        TimeSpan.FromSeconds(30));

    public Task<SubmitterTotals> SubmitAsync(MailShape shape, SubmitterPace pace, CancellationToken stop = default) =>
        new Submitter(new MailGenerator(shape, DateTimeOffset.UnixEpoch), _submitted, SubmitOneAsync, TimeProvider.System).RunAsync(pace, stop);

    /// <summary>Waits until every recipient of every message that the service owns has its end, as long as something happens at all.</summary>
    public async Task DrainAsync(TimeSpan patience)
    {
        foreach (var line in LineFile.Read(SubmittedPath, LedgerJson.Default.SubmittedLine).Where(line => line.Outcome != SubmitOutcome.Refused).ToList())
        {
            while (_subscribers.Any(events => !events.HasEnded(line.Id, line.Recipients)))
            {
                if (line.Outcome == SubmitOutcome.Unknown && await IsUnknownAsync(line.Id)) break;
                if (TimeProvider.System.GetElapsedTime(_subscribers.Max(events => events.LastEvent)) > patience)
                {
                    _failures.Enqueue(await DescribeAsync(line.Id));
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }
    }

    /// <summary>Closes the ledgers and compares them.</summary>
    public async Task<LedgerReport> CheckAsync()
    {
        await CloseLedgersAsync();
        return LedgerChecker.Check(
            LineFile.Read(SubmittedPath, LedgerJson.Default.SubmittedLine),
            LineFile.Read(ReceivedPath, LedgerJson.Default.ReceivedLine),
            LineFile.Read(EventsPath(0), LedgerJson.Default.EventLine));
    }

    /// <summary>
    /// Events of the feed that subscribers disagree on: each must have seen every event, and seen it once. Only after <see cref="CheckAsync"/>.
    /// </summary>
    public long FeedDifferences()
    {
        var seen = Enumerable.Range(0, _subscribers.Count).Select(number => LineFile.Read(EventsPath(number), LedgerJson.Default.EventLine).CountBy(line => line).ToDictionary()).ToList();
        var repeats = seen.Sum(one => one.Values.Sum(count => (long)count - 1));
        var gaps = seen.SelectMany(one => one.Keys).Distinct().Sum(line => (long)seen.Count(one => !one.ContainsKey(line)));
        return repeats + gaps;
    }

    public async ValueTask DisposeAsync()
    {
        await CloseLedgersAsync();
        await Mail.DisposeAsync();
        await Silos.DisposeAsync();
        foreach (var way in _ways) await way.DisposeAsync();
        await Sink.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    async Task<bool> IsUnknownAsync(string id)
    {
        try
        {
            return await Mail.GetStatusAsync(MessageId.FromKey(Tenant, id)) is null;
        }
        catch (MailException exception) when (exception.IsTransient)
        {
            return false;
        }
    }

    async Task<string> DescribeAsync(string id)
    {
        var status = await Mail.GetStatusAsync(MessageId.FromKey(Tenant, id));
        return status is null
            ? $"{id} is not known"
            : $"{id} has no end: {status.State}, next {status.NextAttemptAt:O}, {status.WaitReason}, accepted {status.AcceptedAt:O}, {string.Join(", ", status.Attempts.Select(attempt => $"attempt {attempt.Number} at {attempt.StartedAt:O}, took {attempt.Duration}"))}";
    }

    async Task<SubmitOutcome> SubmitOneAsync(LedgerMail mail)
    {
        try
        {
            await Mail.SubmitAsync(MailDraft.FromEml(mail.Content, mail.From, mail.Recipients) with { IdempotencyKey = mail.Id });
            return SubmitOutcome.Accepted;
        }
        catch (MailException exception)
        {
            if (_failures.Count < MaxFailures) _failures.Enqueue($"{exception.Code}, {(exception.IsTransient ? "transient" : "for good")}: {exception.InnerException?.GetType().FullName} {exception.InnerException?.Message}");
            return exception.OutcomeKnown ? SubmitOutcome.Refused : SubmitOutcome.Unknown;
        }
    }

    async Task CloseLedgersAsync()
    {
        if (_areLedgersClosed) return;
        _areLedgersClosed = true;
        foreach (var events in _subscribers) await events.DisposeAsync();
        await _submitted.DisposeAsync();
    }
}
