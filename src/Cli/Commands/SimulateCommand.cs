using System.CommandLine;
using System.Text.Json;
using Orleans.Mail.Cli.Output;
using Orleans.Mail.Cli.Simulation;
using Orleans.Mail.Policy.Simulation;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>simulate</c>: what a schedule, a limit or a rule would do to mail, on virtual time. Talks to no service.</summary>
static class SimulateCommand
{
    public static Command Create(SharedOptions shared)
    {
        var file = new Argument<FileInfo>("scenario") { Description = "JSON: the mail, the receiver and the policy (docs/simulate.md)." };
        var against = new Option<FileInfo?>("--against") { Description = "A second scenario, whose policy is tried on the same mail and receiver.", HelpName = "file" };
        var recorded = new Option<FileInfo?>("--recorded") { Description = "Lines of events tail -o json: they take the place of the scenario's mail.", HelpName = "file" };
        var domain = new Option<string?>("--domain") { Description = "Of the recorded mail only that to this domain.", HelpName = "name" };
        var seed = new Option<int>("--seed") { Description = "Chance; the same seed gives the same result. Default: 1.", HelpName = "number", DefaultValueFactory = _ => 1 };
        var command = new Command("simulate", "Says what would happen to mail under a policy, without sending any.") { file, against, recorded, domain, seed };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var talk = parsed.InvocationConfiguration.Error;
            var path = parsed.GetRequiredValue(file);
            if (await ReadAsync(path, talk, cancellationToken) is not { } scenario) return ExitCodes.Usage;
            if (parsed.GetValue(recorded) is { } events)
            {
                if (await ReplayAsync(scenario, events, parsed.GetValue(domain), talk, cancellationToken) is not { } replayed) return ExitCodes.Usage;
                scenario = replayed;
            }

            List<(string Name, Scenario Scenario)> scenarios = [(Path.GetFileNameWithoutExtension(path.Name), scenario)];
            if (parsed.GetValue(against) is { } other)
            {
                if (await ReadAsync(other, talk, cancellationToken) is not { } second) return ExitCodes.Usage;
                scenarios.Add((Path.GetFileNameWithoutExtension(other.Name), scenario with { Policy = second.Policy }));
            }

            var faults = scenarios.SelectMany(entry => entry.Scenario.Faults().Select(fault => $"{entry.Name}: {fault}")).ToList();
            foreach (var fault in faults) await talk.WriteLineAsync(fault);
            if (faults.Count > 0) return ExitCodes.Usage;
            var runs = scenarios.Select(entry => new SimulatedRun(entry.Name, SiteSimulation.Run(entry.Scenario, new Random(parsed.GetValue(seed)).NextDouble))).ToList();
            Printer.Of(parsed.GetValue(shared.Format), parsed.InvocationConfiguration.Output).Write(runs);
            return ExitCodes.Ok;
        });
        return command;
    }

    static async Task<Scenario?> ReadAsync(FileInfo file, TextWriter talk, CancellationToken cancellationToken)
    {
        try
        {
            return ScenarioFile.Parse(await File.ReadAllTextAsync(file.FullName, cancellationToken));
        }
        catch (Exception exception) when (exception is JsonException or FormatException or ArgumentException)
        {
            await talk.WriteLineAsync($"{file.Name}: {exception.Message}");
            return null;
        }
    }

    static async Task<Scenario?> ReplayAsync(Scenario scenario, FileInfo events, string? domain, TextWriter talk, CancellationToken cancellationToken)
    {
        var mail = new RecordedMail(domain);
        var number = 0;
        await foreach (var line in File.ReadLinesAsync(events.FullName, cancellationToken))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            try
            {
                mail.Read(line);
            }
            catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
            {
                await talk.WriteLineAsync($"{events.Name}, line {number}: {exception.Message}");
                return null;
            }
        }

        // What the scenario leaves at its default is better known from the record.
        var receiver = mail.Latency is { } latency && scenario.Receiver.Latency == new ReceiverModel().Latency ? scenario.Receiver with { Latency = latency } : scenario.Receiver;
        return scenario with { Mail = mail.Groups(), Receiver = receiver };
    }
}
