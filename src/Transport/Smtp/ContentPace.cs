namespace Orleans.Mail.Transport.Smtp;

/// <summary>How long the next octets of content may take: the time of a block, and all so far no longer than that and what the least rate allows. So a remote that reads a little now and then cannot hold a session.</summary>
readonly struct ContentPace(TimeProvider time, TimeSpan blockLimit, int octetsPerSecond)
{
    readonly long _start = time.GetTimestamp();

    public TimeSpan Limit(long sentOctets)
    {
        var left = blockLimit + TimeSpan.FromSeconds((double)sentOctets / octetsPerSecond) - time.GetElapsedTime(_start);
        return left >= blockLimit ? blockLimit : left > Least ? left : Least;
    }

    static TimeSpan Least => TimeSpan.FromMilliseconds(1);
}
