using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>status</c>: one message, now or until its end.</summary>
static class StatusCommand
{
    public static Command Create(SharedOptions shared)
    {
        var id = SharedOptions.MessageArgument();
        var watch = new Option<bool>("--watch") { Description = "Print each event until the message is final." };
        var command = new Command("status", "Shows what is known of a message: each recipient, each attempt, and why it waits.") { id, watch };
        command.SetAction(shared.Action(async call =>
        {
            var message = call.Parsed.GetValue(id);
            if (!call.Parsed.GetValue(watch)) return await call.ShowAsync(message);
            if (await call.Client.GetStatusAsync(message, call.CancellationToken) is null) return await call.NotFoundAsync();
            await foreach (var item in call.Client.Submission(message).EventsAsync(call.CancellationToken)) call.Printer.Write(item);
            return await call.ShowAsync(message);
        }));
        return command;
    }
}

/// <summary><c>cancel</c>: stops what is still open of a message.</summary>
static class CancelCommand
{
    public static Command Create(SharedOptions shared)
    {
        var id = SharedOptions.MessageArgument();
        var reason = new Option<string>("--reason") { Description = "Why, for whoever looks at it later.", Required = true, HelpName = "text" };
        var command = new Command("cancel", "Stops the recipients of a message that are still open.") { id, reason };
        command.SetAction(shared.Action(async call =>
        {
            var result = await call.Client.CancelAsync(call.Parsed.GetValue(id), call.Parsed.GetRequiredValue(reason), call.CancellationToken);
            if (result is CancelResult.NotFound) return await call.NotFoundAsync();
            call.Printer.Write(call.Parsed.GetValue(id), result);
            return result is CancelResult.Cancelled ? ExitCodes.Ok : ExitCodes.Failed;
        }));
        return command;
    }
}
