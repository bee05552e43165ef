namespace Orleans.Mail.Support;

/// <summary>
/// An Exim of its own that keeps all mail to one domain in a maildir. It insists on the order of the dialogue: who speaks before it has answered
/// is turned away (RFC 2920 §3.2). Debian's package cannot be installed beside Postfix, so the program is taken out of it (<c>.ci/peers</c>). Needs root.
/// </summary>
public sealed class EximInstance : IAsyncDisposable
{
    /// <summary>Compiled into Debian's program; it does not start where there is none.</summary>
    const string User = "Debian-exim";

    readonly string _folder;
    readonly Tool _daemon;

    EximInstance(string folder, Tool daemon, int port) => (_folder, _daemon, Port) = (folder, daemon, port);

    public int Port { get; }

    /// <summary>Its maildir; messages lie in <c>new</c>.</summary>
    public string MaildirPath => Path.Combine(_folder, "mail");

    /// <summary>What it noted of every dialogue.</summary>
    public string Log => File.ReadAllText(Path.Combine(_folder, "log", "main"));

    /// <summary>Path of Exim; skips or fails the calling test where it cannot run (<see cref="Peer"/>).</summary>
    public static string Require()
    {
        var program = Peer.Require("exim4");
        if (Environment.UserName != "root") Peer.Missing("Exim can be started by root only.");
        return program;
    }

    /// <summary>Starts one. It knows nobody called <c>nobody</c>, and <c>later</c> may be written to later.</summary>
    public static async Task<EximInstance> StartAsync(string program, string domain)
    {
        var folder = Directory.CreateTempSubdirectory("exim-").FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        foreach (var name in (string[])["spool", "log", "mail"])
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
            await Tool.RunAsync("/bin/chown", [$"{User}:{User}", Path.Combine(folder, name)], null, TimeSpan.FromSeconds(10));
        }

        var port = FreePort.Next();
        await File.WriteAllTextAsync(Path.Combine(folder, "exim.conf"), Configuration(folder, program, port, domain));
        var exim = new EximInstance(folder, Tool.Start(program, ["-C", Path.Combine(folder, "exim.conf"), "-bdf"], folder), port);
        await FreePort.WaitForListenerAsync(port, TimeSpan.FromSeconds(20));
        return exim;
    }

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    static string Configuration(string folder, string program, int port, string domain) =>
        $$"""
        exim_path = {{program}}
        primary_hostname = exim.test
        local_interfaces = 127.0.0.1
        daemon_smtp_ports = {{port}}
        spool_directory = {{folder}}/spool
        log_file_path = {{folder}}/log/%s
        log_selector = +smtp_protocol_error +smtp_syntax_error
        pid_file_path = {{folder}}/exim.pid
        keep_environment =
        host_lookup =
        rfc1413_query_timeout = 0s
        smtp_enforce_sync = true
        smtp_accept_max = 0
        smtp_accept_queue_per_connection = 0
        message_size_limit = 50M
        accept_8bitmime = true
        prdr_enable = true
        dsn_advertise_hosts = *
        smtputf8_advertise_hosts = *
        tls_advertise_hosts =
        acl_smtp_rcpt = recipient
        acl_smtp_data = accept

        begin acl
        recipient:
          deny local_parts = nobody
               message = no such user
          defer local_parts = later
               message = not now
          accept domains = {{domain}}
          deny

        begin routers
        keep:
          driver = accept
          transport = maildir

        begin transports
        maildir:
          driver = appendfile
          directory = {{folder}}/mail
          maildir_format
          user = {{User}}
          envelope_to_add

        begin retry
        * * F,1h,1m

        """;
}
