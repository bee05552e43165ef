namespace Orleans.Mail.Support;

/// <summary>A Haraka, the mail server written for Node.js, that keeps all mail to one domain in a maildir.</summary>
public sealed class HarakaInstance : IAsyncDisposable
{
    readonly string _folder;
    readonly Tool _server;

    HarakaInstance(string folder, Tool server, int port) => (_folder, _server, Port) = (folder, server, port);

    public int Port { get; }

    /// <summary>Its maildir; messages lie in <c>new</c>.</summary>
    public string MaildirPath => Path.Combine(_folder, "mail");

    /// <summary>Path of Haraka's program; skips or fails the calling test where it is not installed (<see cref="Peer"/>).</summary>
    public static string Require()
    {
        Peer.Require("node");
        return Peer.Require("haraka");
    }

    public static async Task<HarakaInstance> StartAsync(string program, string domain)
    {
        var folder = Directory.CreateTempSubdirectory("haraka-").FullName;
        foreach (var name in (string[])["config", "plugins", "queue", "mail/new", "mail/tmp"]) Directory.CreateDirectory(Path.Combine(folder, name));
        var port = FreePort.Next();
        await WriteAsync("config/smtp.ini", $"listen=127.0.0.1:{port}\nnodes=0\n");
        // Its own default breaks lines that are longer than 992 octets, which RFC 5321 §4.5.3.1.6 allows.
        await WriteAsync("config/connection.ini", "[max]\nbytes=52428800\ndata_line_length=1002\nline_length=512\nmime_parts=1000\n[message]\nhelo=Hello\nclose=Bye\n[uuid]\n[headers]\nmax_lines=1000\nmax_received=100\n[main]\n[haproxy]\nhosts[]=\n");
        await WriteAsync("config/host_list", $"{domain}\n");
        await WriteAsync("config/me", "haraka.test\n");
        await WriteAsync("config/plugins", "rcpt_to.in_host_list\nkeep\n");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Haraka", "keep.js"), Path.Combine(folder, "plugins", "keep.js"));
        var environment = new Dictionary<string, string> { ["PEER_MAILDIR"] = Path.Combine(folder, "mail") };
        var haraka = new HarakaInstance(folder, Tool.Start(Peer.Require("node"), [program, "-c", folder], folder, environment), port);
        await FreePort.WaitForListenerAsync(port, TimeSpan.FromSeconds(20));
        return haraka;

        Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(folder, name), text);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
