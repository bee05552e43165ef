using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>message retry</c> and its like: one message, changed after acceptance.</summary>
static class MessageChangeCommands
{
    public static IEnumerable<Command> Create(SharedOptions shared) =>
    [
        Verb(shared, "retry", "Tries at once what waits for its time.", MessageAction.RetryNow, null),
        Verb(shared, "suspend", "Begins no attempt of the message until it is resumed. One under way runs to its end.", MessageAction.Suspend, Reason(isRequired: false)),
        Verb(shared, "resume", "Ends a suspension of the message.", MessageAction.Resume, null),
        Verb(shared, "fail", "Ends the open recipients as bounced, with the notice that the sender asked for.", MessageAction.Fail, Reason(isRequired: true)),
        Reschedule(shared),
        SetPriority(shared),
        SetExpiry(shared),
    ];

    public static Option<string?> Reason(bool isRequired) => new("--reason") { Description = "Why, for whoever looks at it later.", Required = isRequired, HelpName = "text" };

    static Command Verb(SharedOptions shared, string name, string description, MessageAction action, Option<string?>? reason)
    {
        var id = SharedOptions.MessageArgument();
        var command = new Command(name, description) { id };
        if (reason is not null) command.Add(reason);
        command.SetAction(shared.Action(call => ChangeAsync(call, call.Parsed.GetValue(id), new MessageChange { Action = action, Reason = reason is null ? null : call.Parsed.GetValue(reason) })));
        return command;
    }

    static Command Reschedule(SharedOptions shared)
    {
        var id = SharedOptions.MessageArgument();
        var time = new TimeOptions("The time to send, such as 2030-01-31T08:00+01:00.", "The wait from now, as hh:mm:ss.");
        var command = new Command("reschedule", "Sends the message, first or again, not before a time.") { id, time.At, time.In };
        time.RequireOne(command);
        command.SetAction(shared.Action(call => ChangeAsync(call, call.Parsed.GetValue(id), new MessageChange { SendAt = time.Of(call.Parsed) })));
        return command;
    }

    static Command SetExpiry(SharedOptions shared)
    {
        var id = SharedOptions.MessageArgument();
        var time = new TimeOptions("The last moment of an attempt, such as 2030-01-31T08:00+01:00.", "How long from now, as d.hh:mm:ss.");
        var command = new Command("set-expiry", "Changes until when the message is tried.") { id, time.At, time.In };
        time.RequireOne(command);
        command.SetAction(shared.Action(call => ChangeAsync(call, call.Parsed.GetValue(id), new MessageChange { ExpiresAt = time.Of(call.Parsed) })));
        return command;
    }

    static Command SetPriority(SharedOptions shared)
    {
        var id = SharedOptions.MessageArgument();
        var priority = new Argument<Priority>("priority") { Description = "Normal, High or Bulk." };
        var command = new Command("set-priority", "Changes how soon the message leaves, against others.") { id, priority };
        command.SetAction(shared.Action(call => ChangeAsync(call, call.Parsed.GetValue(id), new MessageChange { Priority = call.Parsed.GetValue(priority) })));
        return command;
    }

    static async Task<int> ChangeAsync(Call call, MessageId id, MessageChange change)
    {
        var answer = await call.Operations.ChangeAsync(id, change, call.CancellationToken);
        if (answer.Result is ChangeResult.NotFound) return await call.NotFoundAsync();
        call.Printer.Write(id, answer);
        return answer.Result switch
        {
            ChangeResult.Changed => ExitCodes.Ok,
            ChangeResult.Invalid => ExitCodes.Usage,
            _ => ExitCodes.Failed,
        };
    }
}
