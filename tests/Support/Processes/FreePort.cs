using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Support;

/// <summary>Loopback ports that nobody listens on.</summary>
public static class FreePort
{
    /// <summary>So many different ports. They are free now; whoever is to use them should start soon.</summary>
    public static int[] Next(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
        try
        {
            foreach (var socket in sockets) socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return [.. sockets.Select(socket => ((IPEndPoint)socket.LocalEndPoint!).Port)];
        }
        finally
        {
            foreach (var socket in sockets) socket.Dispose();
        }
    }

    public static int Next() => Next(1)[0];

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
