using System.Text.Json;

namespace Orleans.Mail.Ledger;

/// <summary><c>ledger check</c>: a table for people, one line of JSON for programs, an exit code for gates.</summary>
public static class CheckVerb
{
    public static int Run(Arguments arguments, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(output);
        var report = LedgerChecker.Check(
            LineFile.Read(arguments.Required("submitted"), LedgerJson.Default.SubmittedLine),
            LineFile.Read(arguments.Required("received"), LedgerJson.Default.ReceivedLine),
            LineFile.Read(arguments.Required("events"), LedgerJson.Default.EventLine),
            arguments.Optional("queued") is { } path ? LineFile.Read(path, LedgerJson.Default.QueuedLine) : null);
        output.WriteLine(report.ToTable());
        output.WriteLine(JsonSerializer.Serialize(report with { Examples = null }, LedgerJson.Default.LedgerReport));
        return report.IsClean ? 0 : 1;
    }
}
