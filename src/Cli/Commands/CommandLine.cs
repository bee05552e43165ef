using System.CommandLine;
using System.Net;

namespace Orleans.Mail.Cli.Commands;

/// <summary>Reaches the service behind a gateway.</summary>
delegate Task<IMailClient> Connect(Target target, CancellationToken cancellationToken);

/// <summary>Where a silo takes clients, what its cluster is called (a gateway turns away clients of another), and how it speaks TLS, where it does.</summary>
sealed record Target(DnsEndPoint Gateway, string Cluster, ClusterTlsOptions? Tls);

/// <summary>The verbs, and how a run of one ends.</summary>
static class CommandLine
{
    // Time a demo gets to close its silo after Ctrl-C; nothing depends on it.
    static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(string[] args, Connect connect, TextWriter? output = null, TextWriter? error = null, CancellationToken cancellationToken = default)
    {
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = StopTimeout };
        if (output is not null) configuration.Output = output;
        if (error is not null) configuration.Error = error;
        var parsed = Create(connect).Parse(args);
        try
        {
            var code = await parsed.InvokeAsync(configuration, cancellationToken);
            return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
        }
        catch (MailException exception)
        {
            await configuration.Error.WriteLineAsync(exception.Message);
            if (!exception.OutcomeKnown) await configuration.Error.WriteLineAsync("It is not known whether the service did it. Repeat a submission with the same --key.");
            return ExitCodes.Of(exception.Code);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            await configuration.Error.WriteLineAsync(exception.Message);
            return exception is System.Net.Sockets.SocketException ? ExitCodes.Unreachable : ExitCodes.Failed;
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C is how a command that follows something is ended.
            return ExitCodes.Ok;
        }
    }

    public static RootCommand Create(Connect connect)
    {
        var shared = new SharedOptions(connect);
        var root = new RootCommand("Submits and follows mail of an Orleans.Mail service, and shows what it does (demo).")
        {
            shared.Gateway,
            shared.Cluster,
            shared.Format,
            DemoCommand.Create(),
            SendCommand.Create(shared),
            StatusCommand.Create(shared),
            CancelCommand.Create(shared),
            EventsCommand.Create(shared),
            MessageCommand.Create(shared),
            SimulateCommand.Create(shared),
            QueueCommand.Create(shared),
            SuspensionCommand.Create(shared),
            SuppressionCommand.Create(shared),
        };
        foreach (var option in shared.Tls.Options) root.Add(option);
        return root;
    }
}
