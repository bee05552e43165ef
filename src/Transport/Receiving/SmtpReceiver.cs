using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>A small SMTP server for development and tests: takes mail, and answers as a <see cref="IReceiverBehavior"/> says. Not a relay and not for the open net.</summary>
public sealed class SmtpReceiver : IAsyncDisposable
{
    readonly ReceiverOptions _options;
    readonly IReceiverBehavior _behavior;
    readonly TimeProvider _time;
    readonly Socket _listener;
    readonly CancellationTokenSource _stopping = new();
    readonly ConcurrentDictionary<long, (ReceiverSession Session, Task Running)> _sessions = new();
    readonly Task _accepting;
    long _sessionCount;

    SmtpReceiver(ReceiverOptions options, IReceiverBehavior behavior, TimeProvider time)
    {
        _options = options;
        _behavior = behavior;
        _time = time;
        _listener = new Socket(options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(options.Address, options.Port));
        _listener.Listen(512);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Sessions since the start.</summary>
    public long SessionCount => Interlocked.Read(ref _sessionCount);

    /// <summary>Listens at once.</summary>
    public static SmtpReceiver Start(ReceiverOptions options, IReceiverBehavior behavior, TimeProvider time) => new(options, behavior, time);

    /// <summary>Breaks off every session and listens on: a network that fails.</summary>
    public void DropSessions()
    {
        foreach (var (session, _) in _sessions.Values) session.Abort();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_sessions.Values.Select(entry => entry.Running)).ConfigureAwait(false);
        _stopping.Dispose();
    }

    async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                socket.NoDelay = true;
                Begin(socket);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // A client that left before it was taken in is no reason to stop; a stop ends the loop.
            }
        }
    }

    void Begin(Socket socket)
    {
        var number = Interlocked.Increment(ref _sessionCount);
        var context = new ReceiverContext { SessionNumber = number, RemoteEndPoint = socket.RemoteEndPoint };
        var session = new ReceiverSession(socket, context, _options, _sessions.Count < _options.MaxSessions ? _behavior : new TooManySessions(), _time);
        var begun = new TaskCompletionSource();
        _sessions[number] = (session, RunAsync(number, session, begun.Task));
        begun.SetResult();
    }

    async Task RunAsync(long number, ReceiverSession session, Task begun)
    {
        await begun.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using (session) await session.RunAsync(_stopping.Token).ConfigureAwait(false);
        _sessions.TryRemove(number, out _);
    }

    sealed class TooManySessions : IReceiverBehavior
    {
        public ReceiverReply OnConnect(ReceiverContext context) => new(421, "4.3.2 Too many sessions");
    }
}
