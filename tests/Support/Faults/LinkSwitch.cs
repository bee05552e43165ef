using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Support;

/// <summary>A way to a server of this machine that can be cut and mended: cut, every connection is reset and no new one gets through.</summary>
public sealed class LinkSwitch : IAsyncDisposable
{
    readonly IPEndPoint _server;
    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly ConcurrentDictionary<Socket, bool> _open = new();
    readonly Task _accepting;
    volatile bool _isCut;

    public LinkSwitch(int serverPort)
    {
        _server = new IPEndPoint(IPAddress.Loopback, serverPort);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public void Cut()
    {
        _isCut = true;
        foreach (var socket in _open.Keys) Reset(socket);
    }

    public void Mend() => _isCut = false;

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (var socket in _open.Keys) socket.Dispose();
    }

    async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptAsync());
            }
            catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    async Task ServeAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        _open[client] = true;
        try
        {
            if (_isCut)
            {
                Reset(client);
                return;
            }

            await server.ConnectAsync(_server);
            await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // One end is gone, and so is the other.
        }
        finally
        {
            _open.TryRemove(client, out _);
            client.Dispose();
        }
    }

    static async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer)) > 0;)
                for (var sent = 0; sent < read;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }
}
