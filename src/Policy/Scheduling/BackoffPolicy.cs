namespace Orleans.Mail.Policy.Scheduling;

/// <summary>When the next attempt is due.</summary>
public static class BackoffPolicy
{
    /// <summary>
    /// The time of the next attempt, always before <paramref name="expiresAt"/>; null when there is none left and the message expires.
    /// Where the regular step would miss the expiry, one last attempt is made about half a first step before it.
    /// </summary>
    /// <param name="schedule">The waits.</param>
    /// <param name="attemptsSoFar">Attempts already made; with 0 the first is due now.</param>
    /// <param name="now">Now.</param>
    /// <param name="expiresAt">No attempt is made from here on.</param>
    /// <param name="chance">0 to 1: where in the jitter to fall.</param>
    public static DateTimeOffset? NextAttempt(BackoffSchedule schedule, int attemptsSoFar, DateTimeOffset now, DateTimeOffset expiresAt, double chance)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var left = expiresAt - now;
        if (left <= TimeSpan.Zero) return null;
        if (attemptsSoFar <= 0) return now;
        var luck = double.IsNaN(chance) ? 0.5 : Math.Clamp(chance, 0, 1);
        var delay = schedule.StepAfter(attemptsSoFar) * (1 + schedule.JitterFraction * (2 * luck - 1));

        // The last try is spread too, over less than the shortest gap: so after it no second "last" one fits.
        var first = schedule.Steps[0];
        var shortest = first * (1 - schedule.JitterFraction);
        var lastDelay = left - first / 2 - shortest / 2 * luck;
        if (delay <= lastDelay) return now + delay;
        return lastDelay >= shortest ? now + lastDelay : null;
    }
}
