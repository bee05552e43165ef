namespace Orleans.Mail.Support;

/// <summary>
/// An OpenSMTPD of its own that keeps all mail to one domain in a maildir. Spool and control socket lie at paths compiled into the program, so
/// it runs in a mount namespace where these are its own. Debian's package cannot be installed beside Postfix (<c>.ci/peers</c>). Needs root.
/// </summary>
public sealed class OpenSmtpdInstance : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    readonly string _folder;
    readonly Tool _daemon;

    OpenSmtpdInstance(string folder, Tool daemon, int port) => (_folder, _daemon, Port) = (folder, daemon, port);

    public int Port { get; }

    /// <summary>Its maildir; messages lie in <c>new</c>.</summary>
    public string MaildirPath => Path.Combine(_folder, "mail");

    /// <summary>Path of OpenSMTPD; skips or fails the calling test where it cannot run (<see cref="Peer"/>).</summary>
    public static string Require()
    {
        Peer.Require("unshare");
        var program = Peer.Require("smtpd");
        if (Environment.UserName != "root") Peer.Missing("OpenSMTPD can be started by root only.");
        return program;
    }

    public static async Task<OpenSmtpdInstance> StartAsync(string program, string domain)
    {
        var folder = Directory.CreateTempSubdirectory("opensmtpd-").FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(Path.Combine(folder, "mail"));
        await Tool.RunAsync("/bin/chown", ["nobody", Path.Combine(folder, "mail")], null, Limit);
        var port = FreePort.Next();
        var configuration = Path.Combine(folder, "smtpd.conf");
        await File.WriteAllTextAsync(configuration, Configuration(folder, port, domain));
        // It starts its own processes by the path it was called by.
        const string Enter = "mount -t tmpfs tmpfs /run && mount -t tmpfs -o mode=0711 tmpfs /var/spool/smtpd && exec \"$0\" -d -f \"$1\"";
        var instance = new OpenSmtpdInstance(folder, Tool.Start(Peer.Require("unshare"), ["-m", "sh", "-c", Enter, program, configuration], folder), port);
        await FreePort.WaitForListenerAsync(port, Limit);
        return instance;
    }

    public async ValueTask DisposeAsync()
    {
        // Asked, so that its processes end with it.
        if (!_daemon.HasExited) await _daemon.StopAsync(Limit);
        await _daemon.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    static string Configuration(string folder, int port, string domain) =>
        $$"""
        smtp max-message-size "50M"
        table users { "@" = "nobody" }
        listen on 127.0.0.1 port {{port}} hostname opensmtpd.test
        action "keep" maildir "{{folder}}/mail" virtual <users>
        match from any for domain "{{domain}}" action "keep"

        """;
}
