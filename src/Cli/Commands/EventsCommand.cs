using System.CommandLine;
using System.CommandLine.Parsing;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>events tail</c>: the feed, as it grows.</summary>
static class EventsCommand
{
    public static Command Create(SharedOptions shared)
    {
        var from = new Option<EventPosition?>("--from") { Description = "start, or the position of the last event seen (field position of -o json). Default: from now on.", HelpName = "position", CustomParser = ParsePosition };
        var tenant = new Option<string?>("--tenant") { Description = "Only this tenant's.", HelpName = "name" };
        var tag = new Option<string?>("--tag") { Description = "Only of messages with this tag.", HelpName = "text" };
        var tail = new Command("tail", "Prints events as they become durable, until Ctrl-C. It reconnects by itself, without gap or repeat.") { from, tenant, tag };
        tail.SetAction(shared.Action(async call =>
        {
            var filter = new EventFilter { Tenant = call.Parsed.GetValue(tenant), Tag = call.Parsed.GetValue(tag) };
            await foreach (var item in call.Client.SubscribeAsync(filter, call.Parsed.GetValue(from), call.CancellationToken)) call.Printer.Write(item);
            return ExitCodes.Ok;
        }));
        return new Command("events", "The feed of events.") { tail };
    }

    static EventPosition? ParsePosition(ArgumentResult result)
    {
        if (EventPosition.TryParse(result.Tokens[0].Value, out var position)) return position;
        result.AddError("--from must be start, or a position that the service gave.");
        return null;
    }
}
