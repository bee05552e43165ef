using Orleans.Mail.Cli.Output;
using Spectre.Console;

namespace Orleans.Mail.Cli.Demo;

/// <summary>A table that changes in place, with the newest events below.</summary>
sealed class LiveView(IAnsiConsole console, TimeProvider clock) : IDemoView
{
    const int MaxLines = 8;

    static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);

    readonly Queue<string> _lines = new();
    readonly Lock _lock = new();

    public void Show(DemoRow row, DeliveryEvent item)
    {
        if (row.Message.IsCrowd) return;
        lock (_lock)
        {
            _lines.Enqueue($"{row.Message.Name,-13} {EventLine.Of(item)}");
            if (_lines.Count > MaxLines) _lines.Dequeue();
        }
    }

    public Task RunAsync(DemoBoard board, Func<Task> work) => console.Live(Render(board)).StartAsync(async live =>
    {
        var running = work();
        using var timer = new PeriodicTimer(Period, clock);
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, timer.WaitForNextTickAsync().AsTask());
            live.UpdateTarget(Render(board));
        }

        await running;
    });

    Rows Render(DemoBoard board)
    {
        string[] lines;
        lock (_lock) lines = [.. _lines];
        return new Rows([Table([.. board.Singles], board.CrowdFinalCount), .. lines.Select(line => new Text(line, new Style(Color.Grey)))]);
    }

    Table Table(DemoRow[] rows, int crowdFinal)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("Message", "State", "Attempts", "Last reply", "Next");
        foreach (var row in rows)
        {
            table.AddRow(
                new Text($"{row.Message.Name}\n  {row.Message.Shows}"),
                new Text(Word(row), new Style(ColorOf(row))),
                new Text($"{row.AttemptCount}"),
                new Text(row.Reply is { } reply ? EventLine.Short(reply) : ""),
                new Text(row is { IsFinal: false, NextAttemptAt: { } next } ? EventLine.Span(next - clock.GetUtcNow()) : ""));
        }

        table.AddRow(new Text($"bulk\n  {DemoPlan.CrowdSize} to a site that takes its time"), new Text($"{crowdFinal} final"), new Text(""), new Text(""), new Text(""));
        return table;
    }

    static string Word(DemoRow row) => row.State is not { } state ? "…" : row.WasUncertain && !row.IsFinal ? $"{state}, uncertain" : state.ToString();

    static Color ColorOf(DemoRow row)
    {
        if (!row.IsFinal) return row.WasUncertain ? Color.Yellow : Color.Default;
        return row.IsAsExpected ? Color.Green : Color.Red;
    }
}
