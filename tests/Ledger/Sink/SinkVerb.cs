using System.Runtime.InteropServices;
using System.Text.Json;

namespace Orleans.Mail.Ledger;

/// <summary><c>ledger sink</c>: runs until SIGTERM or SIGINT; first line <c>listening PORT</c>, last line its counts as JSON.</summary>
static class SinkVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var dice = new FaultDice(FaultShares.Parse(arguments.Optional("script")), arguments.Number("seed", 1));
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        SinkReport report;
        await using (var sink = new LedgerSink(arguments.Number("port", 0), arguments.Required("file"), dice, TimeProvider.System, arguments.Number("concurrent", int.MaxValue)))
        {
            Console.WriteLine($"listening {sink.EndPoint.Port}");
            await stopped.Task;
            report = sink.Report;
        }

        Console.WriteLine(JsonSerializer.Serialize(report, LedgerJson.Default.SinkReport));
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopped.TrySetResult();
        }
    }
}
