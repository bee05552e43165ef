using System.CommandLine;
using Orleans.Mail.Cli.Demo;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>demo</c>: the real service, a handful of messages, and what becomes of them.</summary>
static class DemoCommand
{
    public static Command Create()
    {
        var exit = new Option<bool>("--exit") { Description = "End when every message is final: with 0 if all ended as planned, 1 if not, or not within two minutes." };
        var folder = new Option<string>("--folder") { Description = $"The demo's own folder. Default: {DemoFolder.DefaultPath}.", HelpName = "path", DefaultValueFactory = _ => DemoFolder.DefaultPath };
        var fresh = new Option<bool>("--fresh") { Description = "Forget what an earlier demo left in the folder and start over." };
        var verbose = new Option<bool>("--verbose") { Description = "Show the service's own log too." };
        var command = new Command("demo", "Starts the service in this process, submits a handful of messages and shows what happens to each. Nothing leaves this machine.") { exit, folder, fresh, verbose };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var run = new DemoRun(DemoFolder.Open(parsed.GetRequiredValue(folder), parsed.GetValue(fresh)), parsed.InvocationConfiguration.Output, TimeProvider.System);
            return await run.RunAsync(parsed.GetValue(exit), parsed.GetValue(verbose), cancellationToken);
        });
        return command;
    }
}
