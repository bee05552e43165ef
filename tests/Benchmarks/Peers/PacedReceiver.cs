using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Benchmarks.Peers;

/// <summary>A receiving site with a character: how long a message takes it, how many a second it bears, whether it is there at all.</summary>
sealed class PacedReceiver : IReceiverBehavior
{
    readonly Lock _lock = new();
    readonly double _perSecond;
    readonly TimeSpan _delay;
    double _tokens;
    DateTimeOffset _filled;
    long _accepted, _refused, _connectionsRefused;

    public PacedReceiver(TimeSpan delay, double perSecond = double.PositiveInfinity)
    {
        _delay = delay;
        _perSecond = perSecond;
        _filled = TimeProvider.System.GetUtcNow();
    }

    public bool IsDown { get; set; }

    public long Accepted => Interlocked.Read(ref _accepted);

    public long Refused => Interlocked.Read(ref _refused);

    public long ConnectionsRefused => Interlocked.Read(ref _connectionsRefused);

    public DateTimeOffset? FirstAccepted { get; private set; }

    public ReceiverReply OnConnect(ReceiverContext context)
    {
        if (!IsDown) return ReceiverReply.Greeting;
        Interlocked.Increment(ref _connectionsRefused);
        return ReceiverReply.Drop;
    }

    public ReceiverReply OnEndOfData(ReceiverContext context, ReceivedMail mail)
    {
        if (!TryTake())
        {
            Interlocked.Increment(ref _refused);
            return new ReceiverReply(451, "4.7.28 Rate limited, try again later");
        }

        Interlocked.Increment(ref _accepted);
        FirstAccepted ??= TimeProvider.System.GetUtcNow();
        return ReceiverReply.Ok with { Delay = _delay };
    }

    bool TryTake()
    {
        if (double.IsPositiveInfinity(_perSecond)) return true;
        lock (_lock)
        {
            var now = TimeProvider.System.GetUtcNow();
            // A second's worth at most: what was not used is not saved up.
            _tokens = Math.Min(_perSecond, _tokens + (now - _filled).TotalSeconds * _perSecond);
            _filled = now;
            if (_tokens < 1) return false;
            _tokens--;
            return true;
        }
    }
}
