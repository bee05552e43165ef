using Orleans.Mail.Ledger;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>A sink with a ledger in a folder of its own, asked for copies by recipient.</summary>
sealed class CountedSink : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("mail-sink-").FullName;
    readonly LedgerSink _sink;

    /// <param name="faults">Script of the sink; it misbehaves as <see cref="FaultShares.Parse"/> says.</param>
    /// <param name="seed">Of the faults.</param>
    public CountedSink(string faults = "", int seed = 1) => _sink = new LedgerSink(0, LedgerPath, new FaultDice(FaultShares.Parse(faults), seed), TimeProvider.System);

    public int Port => _sink.EndPoint.Port;

    public SinkReport Report => _sink.Report;

    string LedgerPath => Path.Combine(_folder, "received.ledger");

    /// <summary>Copies taken for each recipient.</summary>
    public Dictionary<string, int> Copies() =>
        LineFile.Read(LedgerPath, LedgerJson.Default.ReceivedLine).Where(line => line.Phase != SinkPhase.Refused).CountBy(line => line.Recipient).ToDictionary();

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
