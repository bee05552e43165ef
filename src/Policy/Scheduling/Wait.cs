namespace Orleans.Mail.Policy.Scheduling;

/// <summary>How long mail waits for a site that cannot be talked to.</summary>
public static class Wait
{
    static readonly TimeSpan Shortest = TimeSpan.FromMinutes(5);
    static readonly TimeSpan Longest = TimeSpan.FromHours(4);

    /// <summary>
    /// When to look again by itself. Recovery wakes it earlier and in turn, so this is only the net below: well behind the site's next probe, or all of its
    /// mail would come with it; and a quarter of its age, so that a long outage costs each message a handful of wake-ups and not one for each probe.
    /// </summary>
    public static DateTimeOffset ForRecovery(DateTimeOffset deadUntil, DateTimeOffset acceptedAt, DateTimeOffset now)
    {
        var wait = (now - acceptedAt) / 4;
        if (wait < Shortest) wait = Shortest;
        return (deadUntil > now ? deadUntil : now) + (wait < Longest ? wait : Longest);
    }
}
