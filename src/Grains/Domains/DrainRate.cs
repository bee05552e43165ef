namespace Orleans.Mail.Grains.Domains;

/// <summary>How fast a queue really drains: counted over the last full minute.</summary>
sealed class DrainRate
{
    static readonly TimeSpan Span = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Least = TimeSpan.FromSeconds(2);
    static readonly TimeSpan Most = TimeSpan.FromMinutes(15);

    DateTimeOffset _start;
    int _current;
    int _last;

    public void Count(DateTimeOffset now)
    {
        Turn(now);
        _current++;
    }

    /// <summary>How long the queue will take, between 2 seconds and 15 minutes.</summary>
    public TimeSpan TimeFor(int queued, DateTimeOffset now)
    {
        Turn(now);
        var perMinute = Math.Max(Math.Max(_last, _current), 1);
        var wait = Span * (queued / (double)perMinute);
        return wait < Least ? Least : wait > Most ? Most : wait;
    }

    void Turn(DateTimeOffset now)
    {
        if (now - _start < Span) return;
        _last = now - _start < Span * 2 ? _current : 0;
        _current = 0;
        _start = now;
    }
}
