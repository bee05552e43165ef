using System.Net.Sockets;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>
/// Ends a session's pending reads and writes by closing its socket, when the time of a step is over or the session is given up.
/// One timer a session and no token on a read: cheaper than per-call time-outs, and a peer that drips cannot stretch it.
/// </summary>
sealed class SessionDeadline : IDisposable
{
    readonly Socket _socket;
    readonly ITimer _timer;
    volatile bool _isTimedOut;
    volatile bool _isAbandoned;

    public SessionDeadline(Socket socket, TimeProvider time)
    {
        _socket = socket;
        Time = time;
        _timer = time.CreateTimer(static state => ((SessionDeadline)state!).TimeOut(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public TimeProvider Time { get; }

    public bool IsTimedOut => _isTimedOut;

    public bool IsAbandoned => _isAbandoned;

    /// <summary>Starts the time of a step anew.</summary>
    public void Arm(TimeSpan limit) => _timer.Change(limit, Timeout.InfiniteTimeSpan);

    public void Disarm() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Abandon()
    {
        _isAbandoned = true;
        _socket.Dispose();
    }

    /// <summary>What an exception on this socket means.</summary>
    public SessionFailureKind Explain(Exception exception) =>
        _isAbandoned ? SessionFailureKind.Abandoned
        : _isTimedOut ? SessionFailureKind.Timeout
        : exception is ReplyFormatException ? SessionFailureKind.Protocol
        : exception is UnfitCommandException ? SessionFailureKind.Internal
        : SessionFailureKind.ConnectionLost;

    public void Dispose() => _timer.Dispose();

    void TimeOut()
    {
        _isTimedOut = true;
        _socket.Dispose();
    }
}
