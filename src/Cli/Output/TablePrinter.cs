using System.Globalization;
using Orleans.Mail.Cli.Simulation;
using Spectre.Console;

namespace Orleans.Mail.Cli.Output;

/// <summary>Tables and lines for people.</summary>
sealed class TablePrinter : Printer
{
    // Wide enough for a reply when no terminal tells its width.
    const int RedirectedWidth = 160;

    readonly TextWriter _output;
    readonly IAnsiConsole _console;

    public TablePrinter(TextWriter output)
    {
        _output = output;
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (Console.IsOutputRedirected || output != Console.Out) _console.Profile.Width = RedirectedWidth;
    }

    public override void Write(Submission submission) =>
        _output.WriteLine(submission.WasDuplicate ? $"{submission.Id}  accepted before, under the same key" : $"{submission.Id}  accepted");

    public override void Write(DeliveryEvent item)
    {
        _output.WriteLine($"{item.MessageId}  {EventLine.Of(item)}");
        _output.Flush();
    }

    public override void Write(MessageId id, CancelResult result) => _output.WriteLine($"{id}  {Words(result)}");

    public override void Write(MessageId id, ChangeAnswer answer) => _output.WriteLine($"{id}  {Words(answer)}");

    public override void Write(SetResult result) =>
        _output.WriteLine($"{result.Changed} of {result.Matched} changed; {result.TooLate} had an attempt under way, {result.Refused} could not be changed");

    public override void Write(IReadOnlyList<StandingOrder> orders)
    {
        var table = Table("Id", "Kind", "For", "Since", "Until", "By", "Reason", "Evidence");
        foreach (var order in orders)
            Row(table, order.Id, order.RevokedAt is null ? order.Kind : "revoked, releasing", order.Scope, Time(order.GivenAt), Time(order.Until), order.By, order.Reason, order.Evidence);
        _console.Write(table);
    }

    public override void Write(IReadOnlyList<Suppression> suppressions)
    {
        var table = Table("Address", "Tenant", "Since", "Until", "Added by", "Reason");
        foreach (var item in suppressions) Row(table, item.Address, item.Tenant ?? "(all)", Time(item.Since), Time(item.Until), item.IsAutomatic ? "bounces" : "hand", item.Reason);
        _console.Write(table);
    }

    public override void Write(IReadOnlyList<MessageStatus> list)
    {
        var table = Table("Id", "State", "Accepted", "Tenant", "Priority", "Recipients", "Attempts", "Next attempt");
        foreach (var status in list)
            Row(table, status.Id, status.State, Time(status.AcceptedAt), status.Tenant, status.Priority, status.Recipients.Length, status.AttemptCount, Time(status.NextAttemptAt));
        _console.Write(table);
    }

    public override void Write(MessageStatus status)
    {
        _output.WriteLine($"{status.Id}  {status.State}{(status.WaitReason is { } reason ? $": {reason}" : "")}");
        _output.WriteLine($"tenant {status.Tenant}, {status.Priority}, {status.ContentBytes} octets, accepted {Time(status.AcceptedAt)}, expires {Time(status.ExpiresAt)}");
        var recipients = Table("Recipient", "State", "Attempts", "Last reply", "Category", "Next attempt");
        foreach (var recipient in status.Recipients)
            Row(recipients, recipient.Address, recipient.State, recipient.AttemptCount, recipient.LastReply, recipient.Category, Time(recipient.NextAttemptAt));
        _console.Write(recipients);
        if (status.Attempts.Length == 0) return;
        var attempts = Table("Attempt", "Started", "Took", "Host", "TLS", "Recipient", "Result", "Reply");
        foreach (var attempt in status.Attempts)
            foreach (var outcome in attempt.Outcomes)
                Row(attempts, attempt.Number, Time(attempt.StartedAt), attempt.Duration is { } took ? $"{took.TotalSeconds:0.0} s" : null, attempt.Host, attempt.Tls ?? "no", outcome.Recipient, outcome.Result, outcome.Reply);
        _console.Write(attempts);
    }

    public override void Write(IReadOnlyList<SimulatedRun> runs)
    {
        var totals = Table(["", .. runs.Select(run => run.Name)]);
        foreach (var (name, value) in SimulationWords.Totals) Row(totals, [name, .. runs.Select(run => value(run.Report))]);
        _console.Write(totals);
        var rows = Table("Policy", "Priority", "Tenant", "Messages", "Delivered", "Failed", "Expired", "Waiting", "p50", "p99", "Longest");
        foreach (var run in runs)
            foreach (var row in run.Report.Rows)
                Row(rows, run.Name, row.Priority, row.Tenant, row.Messages, row.Delivered, row.Failed, row.Expired, row.Waiting,
                    SimulationWords.Span(row.P50), SimulationWords.Span(row.P99), SimulationWords.Span(row.Longest));
        _console.Write(rows);
        foreach (var run in runs)
            foreach (var reaction in run.Report.Reactions)
                _output.WriteLine(SimulationWords.Of(run, reaction));
    }

    static Table Table(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in columns) table.AddColumn(column);
        return table;
    }

    // Replies are a stranger's words: never markup.
    static void Row(Table table, params object?[] cells) =>
        table.AddRow(cells.Select(cell => new Text(Convert.ToString(cell, CultureInfo.InvariantCulture) ?? "")));

    static string? Time(DateTimeOffset? time) => time?.ToLocalTime().ToString("MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    static string Words(ChangeAnswer answer) => answer.Result switch
    {
        ChangeResult.Changed => "changed",
        ChangeResult.TooLate => "too late: an attempt is under way",
        ChangeResult.AlreadyFinal => "nothing to change: it is final",
        ChangeResult.NotFound => "no such message",
        _ => answer.Problem ?? "not changed",
    };

    static string Words(CancelResult result) => result switch
    {
        CancelResult.Cancelled => "cancelled",
        CancelResult.TooLate => "too late: an attempt is under way",
        CancelResult.AlreadyFinal => "nothing to cancel: it is final",
        CancelResult.SetAside => "nothing to cancel: it was set aside and is not sent",
        _ => "no such message",
    };
}
