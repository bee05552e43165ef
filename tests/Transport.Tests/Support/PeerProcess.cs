using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Orleans.Mail.Support;

namespace Orleans.Mail.Transport.Tests.Support;

/// <summary>A program that nobody here wrote, running on a port of its own while a test needs it.</summary>
sealed class PeerProcess : IAsyncDisposable
{
    readonly Process _process;

    PeerProcess(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Postfix's receiver; as root it wants another user to run as.</summary>
    public static Task<PeerProcess> SmtpSinkAsync(params string[] arguments)
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        string[] user = Environment.UserName == "root" ? ["-u", "nobody"] : [];
        return StartAsync("smtp-sink", endPoint, [.. user, .. arguments, $"127.0.0.1:{endPoint.Port}", "100"]);
    }

    /// <summary>A name server that gives the answers of a file, right or wrong.</summary>
    public static Task<PeerProcess> NameServerAsync(string file)
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        return StartAsync("ldns-testns", endPoint, ["-p", $"{endPoint.Port}", file]);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    static async Task<PeerProcess> StartAsync(string program, IPEndPoint endPoint, string[] arguments)
    {
        var start = new ProcessStartInfo(Peer.Require(program), arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        // Nobody reads what it says; a full pipe would stop it.
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var peer = new PeerProcess(process, endPoint);
        while (!process.HasExited)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
                return peer;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }

        throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }
}
