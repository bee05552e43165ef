using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>suppression</c>: who is not written to.</summary>
static class SuppressionCommand
{
    public static Command Create(SharedOptions shared) => new("suppression", "Addresses that are not written to.") { List(shared), Add(shared), Remove(shared) };

    static Option<string?> Tenant() => new("--tenant") { Description = "For this tenant's mail. Default: for everybody's.", HelpName = "name" };

    static Argument<string> Address() => new("address") { Description = "A mail address." };

    static Command List(SharedOptions shared)
    {
        var tenant = Tenant();
        var list = new Command("list", "Lists the addresses on the list, with reason and end.") { tenant };
        list.SetAction(shared.Action(async call =>
        {
            call.Printer.Write(await call.Operations.ListSuppressionsAsync(call.Parsed.GetValue(tenant), call.CancellationToken).ToListAsync(call.CancellationToken));
            return ExitCodes.Ok;
        }));
        return list;
    }

    static Command Add(SharedOptions shared)
    {
        var address = Address();
        var tenant = Tenant();
        var reason = MessageChangeCommands.Reason(isRequired: true);
        var time = new TimeOptions("When it ends by itself, such as 2030-01-31T08:00+01:00.", "After how long it ends by itself, as d.hh:mm:ss.");
        var add = new Command("add", "Puts an address on the list, or changes reason and end.") { address, tenant, reason, time.At, time.In };
        add.SetAction(shared.Action(async call =>
        {
            var problem = await call.Operations.SuppressAsync(new Suppression
            {
                Address = call.Parsed.GetRequiredValue(address),
                Tenant = call.Parsed.GetValue(tenant),
                Reason = call.Parsed.GetRequiredValue(reason)!,
                Since = TimeProvider.System.GetUtcNow(),
                Until = time.Of(call.Parsed),
            }, call.CancellationToken);
            if (problem is null) return ExitCodes.Ok;
            await call.Talk.WriteLineAsync(problem);
            return ExitCodes.Usage;
        }));
        return add;
    }

    static Command Remove(SharedOptions shared)
    {
        var address = Address();
        var tenant = Tenant();
        var remove = new Command("remove", "Takes an address off the list.") { address, tenant };
        remove.SetAction(shared.Action(async call =>
        {
            if (await call.Operations.RemoveSuppressionAsync(call.Parsed.GetValue(tenant), call.Parsed.GetRequiredValue(address), call.CancellationToken)) return ExitCodes.Ok;
            await call.Talk.WriteLineAsync("The address is not on that list.");
            return ExitCodes.NotFound;
        }));
        return remove;
    }
}
