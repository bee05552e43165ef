using System.Globalization;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Simulation;

namespace Orleans.Mail.Cli.Simulation;

/// <summary>A report and the name of the policy it is about.</summary>
sealed record SimulatedRun(string Name, SimulationReport Report);

/// <summary>A report in words.</summary>
static class SimulationWords
{
    public static IReadOnlyList<(string Name, Func<SimulationReport, string> Value)> Totals { get; } =
    [
        ("Finished after", report => report.FinishedAfter is { } after ? Span(after) : "never"),
        ("Messages", report => Number(report.Messages)),
        ("Delivered", report => Number(report.Delivered)),
        ("Failed", report => Number(report.Failed)),
        ("Expired", report => Number(report.Expired)),
        ("Still waiting", report => Number(report.Waiting)),
        ("Attempts", report => Number(report.Attempts)),
        ("Attempts deferred", report => Part(report.Deferred, report.Attempts)),
        ("Attempts called too fast", report => Part(report.TooFast, report.Attempts)),
        ("Connections refused (421)", report => Number(report.RefusedConnections)),
        ("Connections failed", report => Number(report.FailedConnections)),
        ("Reactions", report => Number(report.Reactions.Length)),
    ];

    public static string Span(TimeSpan? span) => span is not { } time ? "-"
        : time.TotalSeconds < 100 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : time.TotalHours < 48 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays} d {time.Hours} h");

    public static string Of(SimulatedRun run, Reaction reaction)
    {
        var effect = reaction.Effect;
        string?[] parts =
        [
            effect.Suspend ? "suspends" : null,
            effect.Rate is { } rate ? $"slows down to {rate}" : null,
            effect.MaxSessions is { } sessions ? string.Create(CultureInfo.InvariantCulture, $"leaves {sessions} sessions") : null,
            effect.OtherRelay ? "takes another relay" : null,
        ];
        return string.Create(CultureInfo.InvariantCulture,
            $"{run.Name}: rule {reaction.RuleId} {string.Join(", ", parts.Where(part => part is not null))} from {Span(Since(reaction.Since))} until {Span(Since(reaction.Until))}, after {reaction.Count} × {reaction.Cause}");
    }

    static TimeSpan Since(DateTimeOffset time) => time - SiteSimulation.Start;

    static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);

    static string Part(int value, int all) => string.Create(CultureInfo.InvariantCulture, $"{value:N0} ({100.0 * value / Math.Max(1, all):0.0} %)");
}
