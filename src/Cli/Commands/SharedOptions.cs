using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Orleans.Mail.Cli.Output;

namespace Orleans.Mail.Cli.Commands;

/// <summary>What every verb that talks to a service understands.</summary>
sealed class SharedOptions(Connect connect)
{
    public Option<DnsEndPoint?> Gateway { get; } = new("--gateway")
    {
        Description = $"Where the service takes clients. Default: {Commands.Gateway.Default}.",
        HelpName = "host:port",
        CustomParser = Commands.Gateway.Parse,
        DefaultValueFactory = Commands.Gateway.Parse,
        Recursive = true,
    };

    public Option<string> Cluster { get; } = new("--cluster")
    {
        Description = $"The service's Orleans:ClusterId. Default: {Commands.Gateway.DefaultCluster}.",
        HelpName = "name",
        DefaultValueFactory = _ => Commands.Gateway.DefaultCluster,
        Recursive = true,
    };

    public TlsFiles Tls { get; } = new();

    public Option<OutputFormat> Format { get; } = new("--output", "-o")
    {
        Description = "table for people, json for programs (one object a line). Default: table.",
        HelpName = "table|json",
        Recursive = true,
    };

    /// <summary>The action of a verb: connects, runs, closes the connection.</summary>
    public Func<ParseResult, CancellationToken, Task<int>> Action(Func<Call, Task<int>> run) => async (parsed, cancellationToken) =>
    {
        var tls = Tls.Of(parsed);
        var faults = tls is null ? [] : ClusterTls.FaultsOf(tls);
        foreach (var fault in faults) await parsed.InvocationConfiguration.Error.WriteLineAsync(fault);
        if (faults.Count > 0) return ExitCodes.Usage;
        var client = await connect(new Target(parsed.GetRequiredValue(Gateway)!, parsed.GetRequiredValue(Cluster), tls), cancellationToken);
        try
        {
            return await run(new Call(client, parsed, Printer.Of(parsed.GetValue(Format), parsed.InvocationConfiguration.Output), cancellationToken));
        }
        finally
        {
            if (client is IAsyncDisposable connection) await connection.DisposeAsync();
        }
    };

    public static Argument<MessageId> MessageArgument() => new("id")
    {
        Description = "The message's id: 26 letters and digits.",
        CustomParser = ParseId,
    };

    public static MessageId ParseId(ArgumentResult result)
    {
        if (MessageId.TryParse(result.Tokens[0].Value, out var id)) return id;
        result.AddError("A message id is 26 characters of 0-9 and A-Z without I, L, O and U.");
        return default;
    }
}

/// <summary>One run of a verb.</summary>
sealed record Call(IMailClient Client, ParseResult Parsed, Printer Printer, CancellationToken CancellationToken)
{
    public IMailOperations Operations => Client.Operations();

    public TextWriter Talk => Parsed.InvocationConfiguration.Error;

    /// <summary>The end of a verb that shows one message: found, or not.</summary>
    public async Task<int> ShowAsync(MessageId id)
    {
        if (await Client.GetStatusAsync(id, CancellationToken) is not { } status) return await NotFoundAsync();
        Printer.Write(status);
        return ExitCodes.Ok;
    }

    public async Task<int> NotFoundAsync()
    {
        await Talk.WriteLineAsync("There is no such message.");
        return ExitCodes.NotFound;
    }
}
