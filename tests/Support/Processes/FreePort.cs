using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Support;

/// <summary>
/// Loopback ports that nobody listens on. They lie below those that the system gives to outgoing connections, so that no such connection takes
/// one before its listener does, nor meets itself there while it looks for that listener.
/// </summary>
public static class FreePort
{
    const int First = 12_000;
    const int Count = 20_000;

    // Processes that run side by side begin at different places.
    static int _taken = Environment.ProcessId * 137;

    /// <summary>So many different ports. They are free now; whoever is to use them should start soon.</summary>
    public static int[] Next(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
        try
        {
            foreach (var socket in sockets) Bind(socket);
            return [.. sockets.Select(socket => ((IPEndPoint)socket.LocalEndPoint!).Port)];
        }
        finally
        {
            foreach (var socket in sockets) socket.Dispose();
        }
    }

    public static int Next() => Next(1)[0];

    static void Bind(Socket socket)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, First + (int)((uint)Interlocked.Increment(ref _taken) % Count)));
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied && tries < 1_000)
            {
                // The next one, then.
            }
        }
    }

    /// <summary>Waits until somebody listens.</summary>
    public static async Task WaitForListenerAsync(int port, TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), late.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, late.Token);
            }
        }
    }
}
