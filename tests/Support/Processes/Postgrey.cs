using System.Globalization;

namespace Orleans.Mail.Support;

/// <summary>Postgrey, the greylisting policy server of Postfix, with a memory of its own.</summary>
public sealed class Postgrey : IAsyncDisposable
{
    readonly string _folder;
    readonly Tool _server;

    Postgrey(string folder, Tool server, int port) => (_folder, _server, Port) = (folder, server, port);

    public int Port { get; }

    /// <summary>Line of main.cf that asks it about every recipient.</summary>
    public string Parameter => $"smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{Port}, permit_mynetworks, reject";

    /// <param name="program">Path of postgrey.</param>
    /// <param name="delay">How long whoever is new has to wait.</param>
    public static async Task<Postgrey> StartAsync(string program, TimeSpan delay)
    {
        var folder = Directory.CreateTempSubdirectory("postgrey-").FullName;
        var nobody = Path.Combine(folder, "whitelist");
        await File.WriteAllTextAsync(nobody, "");
        await Tool.RunAsync("/bin/chown", ["postgrey", folder], null, TimeSpan.FromSeconds(10));
        var port = FreePort.Next();
        string[] arguments =
        [
            $"--inet=127.0.0.1:{port}", $"--delay={delay.TotalSeconds.ToString(CultureInfo.InvariantCulture)}", $"--dbdir={folder}", "--auto-whitelist-clients=0",
            $"--whitelist-clients={nobody}", $"--whitelist-recipients={nobody}",
        ];
        var postgrey = new Postgrey(folder, Tool.Start(program, arguments, folder), port);
        await FreePort.WaitForListenerAsync(port, TimeSpan.FromSeconds(20));
        return postgrey;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
