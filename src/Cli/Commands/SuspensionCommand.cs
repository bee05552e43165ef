using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>suspension</c>: the standing orders, given by people or by rules that reacted.</summary>
static class SuspensionCommand
{
    public static Command Create(SharedOptions shared)
    {
        var list = new Command("list", "Lists what stands: suspensions, other limits and routes, with cause and end.");
        list.SetAction(shared.Action(async call =>
        {
            call.Printer.Write(await call.Operations.ListOrdersAsync(call.CancellationToken));
            return ExitCodes.Ok;
        }));
        var id = new Argument<string>("id") { Description = "The order's id, as listed." };
        var revoke = new Command("revoke", "Ends one, and releases what it held.") { id };
        revoke.SetAction(shared.Action(async call =>
        {
            if (await call.Operations.RevokeOrderAsync(call.Parsed.GetRequiredValue(id), call.CancellationToken)) return ExitCodes.Ok;
            await call.Talk.WriteLineAsync("There is none of that id; see: suspension list.");
            return ExitCodes.NotFound;
        }));
        return new Command("suspension", "What stands until it is revoked or ends.") { list, revoke };
    }
}
