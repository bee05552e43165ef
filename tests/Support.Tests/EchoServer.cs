using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Support.Tests;

/// <summary>Says back what it hears, and remembers how each connection ended.</summary>
sealed class EchoServer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly TaskCompletionSource<(byte[] Heard, SocketError End)> _first = new();
    readonly Task _serving;

    public EchoServer()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>What the connection brought, and whether it ended in order.</summary>
    public Task<(byte[] Heard, SocketError End)> Connection => _first.Task;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
    }

    async Task ServeAsync()
    {
        var heard = new MemoryStream();
        var end = SocketError.Success;
        try
        {
            using var socket = await _listener.AcceptSocketAsync();
            var buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer) is > 0 and var count)
            {
                heard.Write(buffer, 0, count);
                await socket.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (SocketException exception)
        {
            end = exception.SocketErrorCode;
        }

        _first.TrySetResult((heard.ToArray(), end));
    }
}
