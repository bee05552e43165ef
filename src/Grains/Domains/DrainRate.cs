namespace Orleans.Mail.Grains.Domains;

/// <summary>How fast a queue really drains: counted over the running and the last full ten seconds.</summary>
sealed class DrainRate
{
    static readonly TimeSpan Span = TimeSpan.FromSeconds(10);

    // What is assumed of a site of which nothing is known yet.
    static readonly TimeSpan Unknown = TimeSpan.FromMilliseconds(10);

    DateTimeOffset _start;
    int _current;
    int _last;

    public void Count(DateTimeOffset now)
    {
        Turn(now);
        _current++;
    }

    /// <summary>How long one ticket takes, between 10 microseconds and 10 seconds.</summary>
    public TimeSpan TimePerTicket(DateTimeOffset now)
    {
        Turn(now);
        var counted = _last + _current;
        if (counted == 0) return Unknown;
        var over = now - _start + (_last > 0 ? Span : TimeSpan.Zero);
        var pace = over / counted;
        return pace < TimeSpan.FromMicroseconds(10) ? TimeSpan.FromMicroseconds(10) : pace > Span ? Span : pace;
    }

    /// <summary>Tickets in a second; 0 while nothing was counted.</summary>
    public double PerSecond(DateTimeOffset now)
    {
        Turn(now);
        return _last + _current == 0 ? 0 : 1 / TimePerTicket(now).TotalSeconds;
    }

    void Turn(DateTimeOffset now)
    {
        if (now - _start < Span) return;
        _last = now - _start < Span * 2 ? _current : 0;
        _current = 0;
        _start = now;
    }
}
