using DnsClient;

namespace Orleans.Mail.Transport.Resolving;

/// <summary>Whether a name server is worth asking first.</summary>
sealed class NameServerHealth(NameServer server, TimeSpan memory)
{
    long _answeredTicks;
    long _silentUntilTicks;

    public NameServer Server => server;

    /// <summary>True for one that answers. Of one that was silent a while ago, true for a single question, which finds out.</summary>
    public bool IsWorthAsking(DateTimeOffset now)
    {
        var until = Volatile.Read(ref _silentUntilTicks);
        if (until == 0) return true;
        return now.UtcTicks >= until && Interlocked.CompareExchange(ref _silentUntilTicks, (now + memory).UtcTicks, until) == until;
    }

    public void Answered(DateTimeOffset now)
    {
        Volatile.Write(ref _answeredTicks, now.UtcTicks);
        Volatile.Write(ref _silentUntilTicks, 0);
    }

    /// <summary>No answer came to a question. If other questions were answered meanwhile, the question's own name is slow, not the server.</summary>
    public void WasSilent(DateTimeOffset since, DateTimeOffset now)
    {
        if (Volatile.Read(ref _answeredTicks) <= since.UtcTicks) Volatile.Write(ref _silentUntilTicks, (now + memory).UtcTicks);
    }
}
