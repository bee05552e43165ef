using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>queue</c>: many messages at once. Suspensions are standing orders, which later mail obeys too; the rest is done to what is there.</summary>
static class QueueCommand
{
    public static Command Create(SharedOptions shared) => new("queue", "Acts on many messages at once.")
    {
        Suspend(shared),
        Resume(shared),
        LimitCommand.Create(shared),
        Set(shared, "hold", "Suspends each message that is here; what comes later goes on.", MessageChangeCommands.Reason(isRequired: true), (_, reason) => new MessageChange { Action = MessageAction.Suspend, Reason = reason }),
        Set(shared, "release", "Resumes each message that is suspended by itself.", null, (_, _) => new MessageChange { Action = MessageAction.Resume }),
        Set(shared, "retry", "Tries at once what waits for its time.", null, (_, _) => new MessageChange { Action = MessageAction.RetryNow }),
        Set(shared, "fail", "Ends open recipients as bounced.", MessageChangeCommands.Reason(isRequired: true), (_, reason) => new MessageChange { Action = MessageAction.Fail, Reason = reason }),
        Set(shared, "cancel", "Ends open recipients as cancelled.", MessageChangeCommands.Reason(isRequired: true), (_, reason) => new MessageChange { Action = MessageAction.Cancel, Reason = reason }),
        Reroute(shared),
    };

    static Command Suspend(SharedOptions shared)
    {
        var scope = new ScopeOptions();
        var reason = MessageChangeCommands.Reason(isRequired: true);
        var time = new TimeOptions("When it ends by itself, such as 2030-01-31T08:00+01:00.", "After how long it ends by itself, as hh:mm:ss.");
        var id = OrderVerb.Id("suspension");
        var command = new Command("suspend", "Begins no attempt, of mail that is here or comes later, until it ends or is revoked.") { reason, time.At, time.In, id };
        scope.AddTo(command);
        command.SetAction(shared.Action(call => OrderVerb.GiveAsync(call, new StandingOrder
        {
            Id = OrderVerb.IdOf(call, id),
            Kind = OrderKind.Suspend,
            Scope = scope.Of(call.Parsed),
            Reason = call.Parsed.GetRequiredValue(reason)!,
            Until = time.Of(call.Parsed),
            By = Environment.UserName,
        })));
        return command;
    }

    static Command Resume(SharedOptions shared)
    {
        var scope = new ScopeOptions();
        var command = new Command("resume", "Revokes the suspensions of exactly this scope, and releases what they held.");
        scope.AddTo(command);
        command.SetAction(shared.Action(async call =>
        {
            var wanted = scope.Of(call.Parsed);
            var orders = (await call.Operations.ListOrdersAsync(call.CancellationToken)).Where(order => order is { Kind: OrderKind.Suspend, RevokedAt: null } && order.Scope == wanted).ToList();
            foreach (var order in orders) await call.Operations.RevokeOrderAsync(order.Id, call.CancellationToken);
            call.Printer.Write(orders);
            if (orders.Count > 0) return ExitCodes.Ok;
            await call.Talk.WriteLineAsync("Nothing of that scope is suspended; see: suspension list.");
            return ExitCodes.NotFound;
        }));
        return command;
    }

    static Command Reroute(SharedOptions shared)
    {
        var to = new Option<string?>("--to") { Description = "Name of the route; rules for what the rules choose.", Required = true, HelpName = "name" };
        return Set(shared, "reroute", "Sends over another route.", to, (_, route) => new MessageChange { Route = route == "rules" ? "" : route });
    }

    static Command Set(SharedOptions shared, string name, string description, Option<string?>? option, Func<Call, string?, MessageChange> change)
    {
        var selection = new SelectionOptions();
        var command = new Command(name, description);
        if (option is not null) command.Add(option);
        selection.AddTo(command);
        command.SetAction(shared.Action(async call =>
        {
            var result = await call.Operations.ApplyAsync(
                selection.Of(call.Parsed), change(call, option is null ? null : call.Parsed.GetValue(option)), cancellationToken: call.CancellationToken);
            call.Printer.Write(result);
            return result.TooLate + result.Refused == 0 ? ExitCodes.Ok : ExitCodes.Failed;
        }));
        return command;
    }
}
