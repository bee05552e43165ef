using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary>What the verbs share that give a standing order.</summary>
static class OrderVerb
{
    public static Option<string?> Id(string order) => new("--id") { Description = $"A name for the {order}; giving it twice gives it once. Default: a new one.", HelpName = "text" };

    public static string IdOf(Call call, Option<string?> id) => call.Parsed.GetValue(id) ?? MessageId.New(TimeProvider.System).ToString();

    public static async Task<int> GiveAsync(Call call, StandingOrder order)
    {
        var answer = await call.Operations.AddOrderAsync(order, call.CancellationToken);
        if (answer.Order is null)
        {
            await call.Talk.WriteLineAsync(answer.Problem);
            return ExitCodes.Usage;
        }

        call.Printer.Write([answer.Order]);
        return ExitCodes.Ok;
    }
}
