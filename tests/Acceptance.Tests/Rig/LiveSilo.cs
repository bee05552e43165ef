using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>One silo process that delivers domains to ports of this machine, and a client of it.</summary>
sealed class LiveSilo : IAsyncDisposable
{
    readonly string _folder;
    readonly SiloProcess _silo;

    LiveSilo(string folder, SiloProcess silo, MailClient mail) => (_folder, _silo, Mail) = (folder, silo, mail);

    public MailClient Mail { get; }

    public static async Task<LiveSilo> StartAsync(params IReadOnlyCollection<(string Domain, int Port)> routes)
    {
        var folder = Directory.CreateTempSubdirectory("mail-live-").FullName;
        var settings = new SiloSettings { Folder = folder }.With(("OrleansMail:Delivery:Mode", "Live"));
        foreach (var (domain, port) in routes) settings = settings.With(($"OrleansMail:Delivery:Routes:{domain}", $"127.0.0.1:{port}"));
        var silo = await SiloProcess.StartReadyAsync(settings);
        return new LiveSilo(folder, silo, await CrashRun.ConnectAsync(silo));
    }

    public async ValueTask DisposeAsync()
    {
        await Mail.DisposeAsync();
        await _silo.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
