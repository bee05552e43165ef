using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Transport.Tests.Support;

/// <summary>Stands before a name server and counts the questions.</summary>
sealed class CountingProxy : IAsyncDisposable
{
    readonly UdpClient _front = new(new IPEndPoint(IPAddress.Loopback, 0));
    readonly CancellationTokenSource _stopping = new();
    readonly Task _running;
    int _count;

    public CountingProxy(IPEndPoint server)
    {
        Server = server;
        _running = RunAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_front.Client.LocalEndPoint!;

    /// <summary>Who answers.</summary>
    public IPEndPoint Server { get; set; }

    public int Count => Volatile.Read(ref _count);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _front.Dispose();
        _stopping.Dispose();
    }

    async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var question = await _front.ReceiveAsync(_stopping.Token);
                Interlocked.Increment(ref _count);
                _ = ForwardAsync(question);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    async Task ForwardAsync(UdpReceiveResult question)
    {
        try
        {
            using var back = new UdpClient();
            await back.SendAsync(question.Buffer, Server, _stopping.Token);
            var answer = await back.ReceiveAsync(_stopping.Token);
            await _front.SendAsync(answer.Buffer, question.RemoteEndPoint, _stopping.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }
}
