using System.Diagnostics;

namespace Orleans.Mail.Support;

/// <summary>What a private Postfix is to do.</summary>
public sealed record PostfixSettings
{
    /// <summary>Recipient domains that go on to another server on this machine, and its port.</summary>
    public IReadOnlyList<string> RelayDomains { get; init; } = [];

    public int RelayPort { get; init; }

    /// <summary>Recipient domains that are kept, every address of them in one maildir.</summary>
    public IReadOnlyList<string> KeptDomains { get; init; } = [];

    /// <summary>Further lines of main.cf.</summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];
}

/// <summary>
/// A Postfix of its own: configuration, queue, log and ports in one folder, touching nothing of the system's instance. Needs root, as
/// Postfix does. Everything that makes mail safe is on: fsync of every queue file, logging of every step.
/// </summary>
public sealed class PostfixInstance : IAsyncDisposable
{
    readonly string _folder;
    readonly string _program;

    PostfixInstance(string folder, string program, int port) => (_folder, _program, Port) = (folder, program, port);

    public int Port { get; }

    /// <summary>Its maildir; messages lie in <c>new</c>.</summary>
    public string MaildirPath => Path.Combine(_folder, "mail", "all");

    public string LogPath => Path.Combine(_folder, "maillog");

    /// <summary>The master, parent of every Postfix process of this instance; each of them works in the queue's folder.</summary>
    public int MasterProcessId { get; private set; }

    /// <summary>Path of Postfix; skips or fails the calling test where it cannot run (<see cref="Peer"/>).</summary>
    public static string Require()
    {
        var program = Peer.Require("postfix");
        if (Environment.UserName != "root") Peer.Missing("Postfix can be started by root only.");
        return program;
    }

    public TimeSpan Cpu => ProcessUse.CpuOfFamily(MasterProcessId);

    public static async Task<PostfixInstance> StartAsync(string program, PostfixSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var folder = Directory.CreateTempSubdirectory("postfix-").FullName;
        Open(folder, UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        foreach (var name in (string[])["config", "queue", "data", "mail"]) Directory.CreateDirectory(Path.Combine(folder, name));
        await RunAsync("/bin/chown", "postfix", Path.Combine(folder, "data"));
        await RunAsync("/bin/chown", "nobody", Path.Combine(folder, "mail"));
        var port = FreePort.Next();
        await File.WriteAllTextAsync(Path.Combine(folder, "config/main.cf"), MainCf(folder, settings));
        await File.WriteAllTextAsync(Path.Combine(folder, "config/master.cf"), MasterCf(port));
        await File.WriteAllLinesAsync(Path.Combine(folder, "config/transport"), settings.RelayDomains.Select(domain => $"{domain} smtp:[127.0.0.1]:{settings.RelayPort}"));
        await File.WriteAllLinesAsync(Path.Combine(folder, "config/mailboxes"), settings.KeptDomains.Select(domain => $"@{domain} all/"));
        var instance = new PostfixInstance(folder, program, port);
        await RunAsync(program, "-c", Path.Combine(folder, "config"), "start");
        await FreePort.WaitForListenerAsync(port, TimeSpan.FromSeconds(20));
        instance.MasterProcessId = ProcessUse.Find("master", Path.Combine(folder, "queue"));
        return instance;
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync(_program, "-c", Path.Combine(_folder, "config"), "stop");
        Directory.Delete(_folder, recursive: true);
    }

    static string MainCf(string folder, PostfixSettings settings)
    {
        var nobody = File.ReadLines("/etc/passwd").First(line => line.StartsWith("nobody:", StringComparison.Ordinal)).Split(':');
        return $"""
        compatibility_level = 3.6
        queue_directory = {folder}/queue
        data_directory = {folder}/data
        mail_owner = postfix
        setgid_group = postdrop
        myhostname = peer.test
        mydestination =
        mynetworks = 127.0.0.0/8
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        alias_maps =
        alias_database =
        local_recipient_maps =
        smtpd_relay_restrictions = permit_mynetworks, reject
        smtpd_peername_lookup = no
        smtp_dns_support_level = disabled
        smtpd_tls_security_level = none
        smtp_tls_security_level = none
        message_size_limit = 52428800
        transport_maps = texthash:{folder}/config/transport
        virtual_mailbox_domains = {string.Join(", ", settings.KeptDomains)}
        virtual_mailbox_maps = texthash:{folder}/config/mailboxes
        virtual_mailbox_base = {folder}/mail
        virtual_mailbox_limit = 0
        virtual_uid_maps = static:{nobody[2]}
        virtual_gid_maps = static:{nobody[3]}
        maillog_file_prefixes = {folder}
        maillog_file = {folder}/maillog
        {string.Join('\n', settings.Parameters)}

        """;
    }

    // The stock services, without chroot, and one listener on a port of its own.
    static string MasterCf(int port) =>
        $"""
        127.0.0.1:{port} inet n - n - - smtpd
        pickup    unix  n - n 60    1 pickup
        cleanup   unix  n - n -     0 cleanup
        qmgr      unix  n - n 300   1 qmgr
        tlsmgr    unix  - - n 1000? 1 tlsmgr
        rewrite   unix  - - n -     - trivial-rewrite
        bounce    unix  - - n -     0 bounce
        defer     unix  - - n -     0 bounce
        trace     unix  - - n -     0 bounce
        verify    unix  - - n -     1 verify
        flush     unix  n - n 1000? 0 flush
        proxymap  unix  - - n -     - proxymap
        proxywrite unix - - n -     1 proxymap
        smtp      unix  - - n -     - smtp
        relay     unix  - - n -     - smtp
        showq     unix  n - n -     - showq
        error     unix  - - n -     - error
        retry     unix  - - n -     - error
        discard   unix  - - n -     - discard
        local     unix  - n n -     - local
        virtual   unix  - n n -     - virtual
        lmtp      unix  - - n -     - lmtp
        anvil     unix  - - n -     1 anvil
        scache    unix  - - n -     1 scache
        postlog   unix-dgram n - n - 1 postlogd

        """;

    static void Open(string path, UnixFileMode more)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, File.GetUnixFileMode(path) | more);
    }

    static async Task RunAsync(string program, params string[] arguments)
    {
        // Its output is not redirected to its end: the daemons that "postfix start" leaves behind inherit it.
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{program} did not start.");
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}. {await process.StandardError.ReadLineAsync()}");
    }
}
