using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Silo.Hosting;

namespace Orleans.Mail.Cli.Demo;

/// <summary>The real service inside this process, with a demo's patience.</summary>
static class DemoHost
{
    public static (WebApplication App, int GatewayPort) Build(DemoFolder folder, bool isVerbose)
    {
        var gatewayPort = FreePort(preferred: 30_000);
        var settings = new Dictionary<string, string>
        {
            ["Urls"] = $"http://127.0.0.1:{FreePort(preferred: 8025)}",
            ["OrleansMail:Delivery:Mode"] = "Capture",
            // A minute, an hour and a day, in a demo's time. The last one repeats.
            ["OrleansMail:Delivery:Backoff:0"] = "00:00:10",
            ["OrleansMail:Delivery:Backoff:1"] = "00:00:15",
            ["OrleansMail:Delivery:Backoff:2"] = "00:00:20",
            ["OrleansMail:Delivery:AttemptTimeout"] = "00:00:30",
            ["OrleansMail:Delivery:SessionPrefetch"] = "1",
            ["OrleansMail:Delivery:StopTimeout"] = "00:00:03",
            ["OrleansMail:Sites:InitialSessions"] = "5",
            ["OrleansMail:Sites:MaxSessions"] = "5",
            ["OrleansMail:Sites:ProbeAfter"] = "00:00:05",
            ["OrleansMail:Spool:Folder"] = folder.Spool,
            ["OrleansMail:Spool:SweepInterval"] = "00:00:05",
            ["OrleansMail:Silo:GatewayPort"] = gatewayPort.ToString(CultureInfo.InvariantCulture),
            ["OrleansMail:Silo:SiloPort"] = FreePort(preferred: 11_111).ToString(CultureInfo.InvariantCulture),
            ["OrleansMail:Silo:CaptureFolder"] = folder.Captured,
            ["OrleansMail:Silo:ShutdownTimeout"] = "00:00:10",
        };
        var app = MailSilo.Build([.. settings.Select(setting => $"--{setting.Key}={setting.Value}")], builder =>
        {
            builder.Logging.ClearProviders();
            if (isVerbose) builder.Logging.AddSimpleConsole(options => options.SingleLine = true);
            builder.Services.AddOrleansMailClient();
            builder.Services.AddSingleton<IHostLifetime, CallerLifetime>();
        });
        return (app, gatewayPort);
    }

    // The usual port where it is free, so that the other verbs find the demo without being told.
    static int FreePort(int preferred) => TryTake(preferred) ?? TryTake(0) ?? throw new IOException("No free port on this machine.");

    static int? TryTake(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return ((IPEndPoint)socket.LocalEndPoint!).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>The command line watches Ctrl-C; the host is stopped by its caller.</summary>
    sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
