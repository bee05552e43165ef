using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orleans.Mail.Support;

namespace Orleans.Mail.Transport.Tests.Support;

/// <summary>OpenSSL's own server, TLS from the first octet: handshakes of an implementation other than .NET's. Knows no more of SMTP than a greeting and EHLO.</summary>
sealed class OpenSslServer : ChildProcess
{
    readonly string _file;
    readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    OpenSslServer(string program, string file, int port, IEnumerable<string> options)
        : base(program, ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", file, "-key", file, "-crlf", .. options])
    {
        _file = file;
        EndPoint = new IPEndPoint(IPAddress.Loopback, port);
    }

    public IPEndPoint EndPoint { get; }

    /// <param name="certificate">What it shows, with its key.</param>
    /// <param name="options">Further options, such as <c>-tls1_3</c>.</param>
    public static async Task<OpenSslServer> StartAsync(X509Certificate2 certificate, params string[] options)
    {
        var program = Peer.Require("openssl");
        var file = Path.GetTempFileName();
        using var key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        var server = new OpenSslServer(program, file, FreePort.Next(), options);
        // Nobody knocks to see whether it listens: it serves one connection after another.
        await server._listening.Task.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
        return server;
    }

    protected override void OnLine(string line)
    {
        if (line == "ACCEPT") _listening.TrySetResult();
        else if (line.StartsWith("CIPHER is ", StringComparison.Ordinal)) _ = SayAsync("220 peer");
        else if (line.StartsWith("EHLO ", StringComparison.Ordinal)) _ = SayAsync("250 peer");
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        File.Delete(_file);
    }

    async Task SayAsync(string line)
    {
        await Input.WriteLineAsync(line);
        await Input.FlushAsync();
    }
}
