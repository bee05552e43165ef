using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Support;

/// <summary>Stands before a TCP server and spoils connections by script. What it does depends on the script and on octet counts alone, never on chance.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly CancellationTokenSource _stopping = new();
    readonly List<Task> _links = [];
    readonly IPEndPoint _server;
    readonly Func<int, LinkFaults> _script;
    readonly TimeProvider _time;
    readonly Task _accepting;
    int _connectionCount;

    FaultProxy(IPEndPoint server, Func<int, LinkFaults> script, TimeProvider time)
    {
        (_server, _script, _time) = (server, script, time);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Connections so far.</summary>
    public int ConnectionCount => Volatile.Read(ref _connectionCount);

    /// <param name="server">Who is behind it.</param>
    /// <param name="script">The faults of each connection, by its number from 0.</param>
    /// <param name="time">Measures delays; null for the system's clock.</param>
    public static FaultProxy Start(IPEndPoint server, Func<int, LinkFaults> script, TimeProvider? time = null) => new(server, script, time ?? TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_links);
        _stopping.Dispose();
    }

    async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var client = await _listener.AcceptAsync(_stopping.Token);
                _links.Add(ServeAsync(client, _script(Interlocked.Increment(ref _connectionCount) - 1)));
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException || (exception is SocketException && _stopping.IsCancellationRequested))
            {
                // A listener that is closed while it accepts says so in one of three ways.
                return;
            }
        }
    }

    async Task ServeAsync(Socket client, LinkFaults faults)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            client.NoDelay = server.NoDelay = true;
            try
            {
                await server.ConnectAsync(_server, _stopping.Token);
                await new FaultLink(client, server, _time).RunAsync(faults, _stopping.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Either side may end it at any time; a server that is not there looks like a connection that ends at once.
            }
        }
    }
}

/// <summary>One connection, with what is between its two sides.</summary>
sealed class FaultLink(Socket client, Socket server, TimeProvider time)
{
    const int BufferBytes = 16 * 1024;

    volatile bool _isCut;

    public Task RunAsync(LinkFaults faults, CancellationToken stop) =>
        Task.WhenAll(PumpAsync(client, server, faults.FromClient, stop), PumpAsync(server, client, faults.FromServer, stop));

    async Task PumpAsync(Socket source, Socket target, FlowFaults faults, CancellationToken stop)
    {
        try
        {
            var buffer = new byte[BufferBytes];
            var passed = 0L;
            var isOver = EndWhenDue(target, faults, passed);
            while (await source.ReceiveAsync(buffer, stop) is > 0 and var count)
            {
                if (isOver || _isCut) continue;
                var due = faults.EndAfter is { } end ? (int)Math.Min(count, end - passed) : count;
                if (faults.CorruptAt - passed is { } at && at >= 0 && at < due) buffer[at] ^= 0xFF;
                await ForwardAsync(target, buffer.AsMemory(0, due), faults, stop);
                passed += due;
                isOver = EndWhenDue(target, faults, passed);
            }

            if (!isOver && !_isCut) target.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // What broke on one side breaks on the other.
            Reset();
            throw;
        }
    }

    async Task ForwardAsync(Socket target, ReadOnlyMemory<byte> octets, FlowFaults faults, CancellationToken stop)
    {
        while (!octets.IsEmpty && !_isCut)
        {
            if (faults.Delay > TimeSpan.Zero) await Task.Delay(faults.Delay, time, stop);
            var piece = Math.Min(octets.Length, faults.PieceBytes ?? octets.Length);
            await target.SendAsync(octets[..piece], stop);
            octets = octets[piece..];
        }
    }

    bool EndWhenDue(Socket target, FlowFaults faults, long passed)
    {
        if (passed != faults.EndAfter || _isCut) return false;
        if (faults.End != FlowEnd.HalfClose) _isCut = true;
        switch (faults.End)
        {
            case FlowEnd.Close:
                // Reading goes on: a socket closed over unread octets would send a reset instead.
                client.Shutdown(SocketShutdown.Send);
                server.Shutdown(SocketShutdown.Send);
                break;
            case FlowEnd.HalfClose:
                target.Shutdown(SocketShutdown.Send);
                break;
            case FlowEnd.Reset:
                Reset();
                break;
        }

        return true;
    }

    void Reset()
    {
        foreach (var socket in (Socket[])[client, server])
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // Gone already.
            }

            socket.Dispose();
        }
    }
}
