using System.Net;
using Orleans.Configuration;
using Orleans.Mail.Ledger;
using Orleans.Mail.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>
/// One silo process on one folder, killed and started again as the test likes; a client that lives through it; a sink that notes what arrives;
/// and the three ledgers that are compared at the end.
/// </summary>
sealed class CrashRun : IAsyncDisposable
{
    public const string Tenant = "acceptance";

    // Everything that waits in the service waits a short time here, so that what a crash leaves behind is found within seconds.
    static readonly (string, string)[] Quick =
    [
        ("OrleansMail:Delivery:Backoff:0", "00:00:01"), ("OrleansMail:Sites:ProbeAfter", "00:00:01"), ("OrleansMail:Sites:LeaseTime", "00:00:05"),
        ("OrleansMail:Spool:SweepInterval", "00:00:01"), ("OrleansMail:Spool:SweepGrace", "00:00:02"), ("OrleansMail:Delivery:QueueHold", "00:00:10"),
    ];

    readonly string _folder;
    readonly MailClient _mail;
    readonly DurableLines<SubmittedLine> _submitted;
    readonly EventLedger _events;
    int _receipts;
    bool _areLedgersClosed;

    CrashRun(string folder, SiloSettings settings, LedgerSink sink, SiloProcess silo, MailClient mail)
    {
        (_folder, Settings, Sink, Silo, _mail) = (folder, settings, sink, silo, mail);
        _submitted = new DurableLines<SubmittedLine>(SubmittedPath, LedgerJson.Default.SubmittedLine);
        _events = new EventLedger(mail, EventsPath);
    }

    /// <summary>How the silo is started, kill points aside.</summary>
    public SiloSettings Settings { get; }

    public LedgerSink Sink { get; }

    public SiloProcess Silo { get; private set; }

    public EventLedger Events => _events;

    /// <summary>How many receipts have come back.</summary>
    public int Receipts => Volatile.Read(ref _receipts);

    string SubmittedPath => Path.Combine(_folder, "submitted.ledger");

    string EventsPath => Path.Combine(_folder, "events.ledger");

    string ReceivedPath => Path.Combine(_folder, "received.ledger");

    /// <param name="faults">Script of the sink.</param>
    /// <param name="environment">Of the first silo process only.</param>
    /// <param name="broken">Program and environment of another silo than the real one.</param>
    public static async Task<CrashRun> StartAsync(string faults, int seed, IReadOnlyDictionary<string, string>? environment = null, SiloSettings? broken = null)
    {
        var folder = Directory.CreateTempSubdirectory("mail-crash-").FullName;
        var sink = new LedgerSink(0, Path.Combine(folder, "received.ledger"), new FaultDice(FaultShares.Parse(faults), seed), TimeProvider.System);
        var settings = ((broken ?? new SiloSettings { Folder = "" }) with { Folder = Path.Combine(folder, "spool") }).DeliveringTo(sink.EndPoint.Port).With(Quick);
        var silo = await SiloProcess.StartReadyAsync(settings with { Environment = new Dictionary<string, string>([.. settings.Environment, .. environment ?? new Dictionary<string, string>()]) });
        var mail = await ConnectAsync(silo);
        return new CrashRun(folder, settings, sink, silo, mail);
    }

    /// <summary>Generates mail and submits it until stopped, or until the pace's number is reached.</summary>
    public Task<SubmitterTotals> SubmitAsync(MailShape shape, SubmitterPace pace, CancellationToken stop = default) =>
        new Submitter(new MailGenerator(shape, DateTimeOffset.UnixEpoch), _submitted, SubmitOneAsync, TimeProvider.System).RunAsync(pace, stop);

    /// <summary>SIGKILL, and a new process on the same files. Does not wait until it is ready.</summary>
    public async Task KillAndRestartAsync()
    {
        await Silo.KillAsync();
        await RestartAsync();
    }

    /// <summary>A new process in the place of one that ended.</summary>
    public async Task RestartAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        var ended = Silo;
        Silo = ended.StartAgain(environment is null ? Settings : Settings with { Environment = environment });
        await ended.DisposeAsync();
    }

    /// <summary>A second spool with the same messages, for a second silo.</summary>
    public SiloSettings CopySpool()
    {
        var copy = Path.Combine(_folder, "copy");
        foreach (var file in Directory.EnumerateFiles(Settings.Folder, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Settings.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return Settings with { Folder = copy };
    }

    /// <summary>Waits until nothing has arrived for a while.</summary>
    public async Task WaitForQuietSinkAsync(TimeSpan quiet)
    {
        var (seen, since) = (Sink.Report.Copies, TimeProvider.System.GetTimestamp());
        while (TimeProvider.System.GetElapsedTime(since) < quiet)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            if (Sink.Report.Copies != seen) (seen, since) = (Sink.Report.Copies, TimeProvider.System.GetTimestamp());
        }
    }

    /// <summary>Waits until every recipient of every message that the service owns has its end, as long as something happens at all.</summary>
    public async Task DrainAsync(TimeSpan patience)
    {
        foreach (var line in LineFile.Read(SubmittedPath, LedgerJson.Default.SubmittedLine).Where(line => line.Outcome != SubmitOutcome.Refused).ToList())
        {
            while (!_events.HasEnded(line.Id, line.Recipients))
            {
                if (line.Outcome == SubmitOutcome.Unknown && await _mail.GetStatusAsync(MessageId.FromKey(Tenant, line.Id)) is null) break;
                // What is left then is for the checker to judge.
                if (TimeProvider.System.GetElapsedTime(_events.LastEvent) > patience) return;
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
            LineFile.Read(EventsPath, LedgerJson.Default.EventLine));
    }

    public async ValueTask DisposeAsync()
    {
        await CloseLedgersAsync();
        await _mail.DisposeAsync();
        await Silo.DisposeAsync();
        await Sink.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public static Task<MailClient> ConnectAsync(SiloProcess silo) => MailClient.ConnectAsync(
        client => client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, silo.GatewayPort))
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("orleans-mail", "orleans-mail")),
        options => (options.Tenant, options.SubmitTimeout) = (Tenant, TimeSpan.FromSeconds(60)),
        TimeSpan.FromSeconds(30));

    async Task<SubmitOutcome> SubmitOneAsync(LedgerMail mail)
    {
        try
        {
            await _mail.SubmitAsync(MailDraft.FromEml(mail.Content, mail.From, mail.Recipients) with { IdempotencyKey = mail.Id });
            Interlocked.Increment(ref _receipts);
            return SubmitOutcome.Accepted;
        }
        catch (MailException exception)
        {
            return exception.OutcomeKnown ? SubmitOutcome.Refused : SubmitOutcome.Unknown;
        }
    }

    async Task CloseLedgersAsync()
    {
        if (_areLedgersClosed) return;
        _areLedgersClosed = true;
        await _events.DisposeAsync();
        await _submitted.DisposeAsync();
    }
}
