using System.Net;
using System.Net.NetworkInformation;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Orleans.Mail.Transport.Tests.Support;

/// <summary>A remote that does, octet for octet, what a test says: one script a connection, the last for all that follow.</summary>
sealed class ScriptedPeer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stopping = new();
    readonly List<Task> _running = [];
    readonly Task _accepting;

    ScriptedPeer(Func<Dialogue, Task>[] scripts)
    {
        _listener.Start();
        _accepting = AcceptAsync(scripts);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public int ConnectionCount { get; private set; }

    public static ScriptedPeer Start(params Func<Dialogue, Task>[] scripts) => new(scripts);

    /// <summary>Waits for every script that runs, and until the clients' sockets have the close behind it: what a peer has done may be on its way for a while.</summary>
    public async Task ScriptsEndedAsync()
    {
        await Task.WhenAll(Running());
        while (HasOpenClient()) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, _stopping.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(Running());
        _stopping.Dispose();
    }

    async Task AcceptAsync(Func<Dialogue, Task>[] scripts)
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                client.NoDelay = true;
                var script = scripts[Math.Min(ConnectionCount++, scripts.Length - 1)];
                // Whoever has been answered is in the list: a script runs only once it can be waited for.
                lock (_running) _running.Add(Task.Run(() => RunAsync(client, script)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
        }
    }

    Task[] Running()
    {
        lock (_running) return [.. _running];
    }

    // As the kernel sees it: a client's socket that got the end is closing or gone.
    bool HasOpenClient() => Array.Exists(
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections(),
        connection => connection.State == TcpState.Established && connection.RemoteEndPoint.Equals(EndPoint));

    async Task RunAsync(TcpClient client, Func<Dialogue, Task> script)
    {
        using (client)
        using (_stopping.Token.Register(client.Dispose))
        {
            try
            {
                await script(new Dialogue(client));
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException or SocketException)
            {
                // The other side may leave at any time; what it must have said by then, scripts expect.
            }
        }
    }
}

/// <summary>One connection of a <see cref="ScriptedPeer"/>.</summary>
sealed class Dialogue(TcpClient client)
{
    Stream _stream = client.GetStream();

    public NetworkStream Stream => client.GetStream();

    /// <summary>The name the client asked for in TLS.</summary>
    public string? ServerName { get; private set; }

    /// <summary>TLS from here on.</summary>
    public async Task BeginTlsAsync(SslStreamCertificateContext certificate, SslProtocols protocols = SslProtocols.None)
    {
        var tls = new SslStream(_stream);
        _stream = tls;
        try
        {
            await tls.AuthenticateAsServerAsync((_, hello, _, _) =>
            {
                ServerName = hello.ServerName;
                return ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificate, EnabledSslProtocols = protocols });
            }, null);
        }
        catch (AuthenticationException)
        {
            // The client may find fault with the certificate.
        }
    }

    /// <summary>Greeting, EHLO, STARTTLS and EHLO again.</summary>
    public async Task OpenTlsAsync(SslStreamCertificateContext certificate, params string[] extensions)
    {
        await OpenAsync("STARTTLS");
        await ExpectAsync("STARTTLS");
        await SayAsync("220 go\r\n");
        await BeginTlsAsync(certificate);
        await AnswerEhloAsync(extensions);
    }

    public async Task AnswerEhloAsync(params string[] extensions)
    {
        await ExpectAsync("EHLO ");
        await SayAsync("250-peer\r\n" + string.Concat(extensions.Select(extension => $"250-{extension}\r\n")) + "250 HELP\r\n");
    }

    public Task SayAsync(string text) => _stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    public async Task SayByCharAsync(string text)
    {
        foreach (var octet in Encoding.Latin1.GetBytes(text)) await _stream.WriteAsync(new[] { octet });
    }

    public async Task<string> ReadLineAsync()
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (line.Count < 2 || line[^1] != '\n')
        {
            if (await _stream.ReadAsync(one) == 0) throw new EndOfStreamException();
            line.Add(one[0]);
        }

        return Encoding.Latin1.GetString([.. line]).TrimEnd('\r', '\n');
    }

    public async Task<string> ExpectAsync(string prefix)
    {
        var line = await ReadLineAsync();
        Assert.StartsWith(prefix, line, StringComparison.Ordinal);
        return line;
    }

    /// <summary>Greeting and EHLO.</summary>
    public async Task OpenAsync(params string[] extensions)
    {
        await SayAsync("220 peer ESMTP\r\n");
        await AnswerEhloAsync(extensions);
    }

    /// <summary>MAIL, one RCPT and DATA are agreed to.</summary>
    public async Task AgreeToEnvelopeAsync()
    {
        await ExpectAsync("MAIL FROM:");
        await SayAsync("250 2.1.0 Ok\r\n");
        await ExpectAsync("RCPT TO:");
        await SayAsync("250 2.1.5 Ok\r\n");
        await ExpectAsync("DATA");
        await SayAsync("354 Go\r\n");
    }

    public async Task ReadContentAsync()
    {
        while (await ReadLineAsync() != ".")
        {
        }
    }

    /// <summary>Octets until the other side closes.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        var rest = new MemoryStream();
        await _stream.CopyToAsync(rest);
        return rest.ToArray();
    }

    /// <summary>Stays silent until the other side closes.</summary>
    public Task WaitForCloseAsync() => ReadToEndAsync();

    public void Reset()
    {
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
    }
}
