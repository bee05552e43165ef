using System.CommandLine;
using System.CommandLine.Parsing;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>message</c>: what the service keeps, and changes of one message.</summary>
static class MessageCommand
{
    public static Command Create(SharedOptions shared)
    {
        var tenant = new Option<string?>("--tenant") { Description = "Only this tenant's.", HelpName = "name" };
        var state = new Option<MailState?>("--state") { Description = "Only in this state, such as Deferred.", HelpName = "name", CustomParser = ParseState };
        var tag = new Option<string?>("--tag") { Description = "Only with this tag.", HelpName = "text" };
        var limit = new Option<int>("--limit") { Description = "Most messages listed. Default: 100.", HelpName = "number", DefaultValueFactory = _ => 100 };
        var list = new Command("list", "Lists messages, newest first.") { tenant, state, tag, limit };
        list.SetAction(shared.Action(async call =>
        {
            var query = new ListQuery { Tenant = call.Parsed.GetValue(tenant), State = call.Parsed.GetValue(state), Tag = call.Parsed.GetValue(tag) };
            var found = await call.Client.ListAsync(query, call.CancellationToken).Take(call.Parsed.GetValue(limit)).ToListAsync(call.CancellationToken);
            call.Printer.Write(found);
            return ExitCodes.Ok;
        }));
        var command = new Command("message", "The messages the service keeps, and what may be changed about one.") { list };
        foreach (var verb in MessageChangeCommands.Create(shared)) command.Add(verb);
        return command;
    }

    public static MailState? ParseState(ArgumentResult result)
    {
        var name = result.Tokens[0].Value;
        if (MailState.Find(name) is { } state) return state;
        result.AddError($"--state must be one of {string.Join(", ", MailState.Known)}.");
        return null;
    }
}
