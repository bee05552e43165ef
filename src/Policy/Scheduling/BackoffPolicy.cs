using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Scheduling;

/// <summary>A recipient that was tried and is to be tried again.</summary>
public readonly record struct RetryCase
{
    public required Priority Priority { get; init; }

    /// <summary>The judgement of the attempt that ended now.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Attempts already made, with the one that ended now.</summary>
    public required int Attempts { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>No attempt is made from here on.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What the message asks for after a doubt; null for the ordinary backoff.</summary>
    public TimeSpan? DoubtWait { get; init; }

    /// <summary>What its site has taught; null for nothing.</summary>
    public GreylistWait? Greylist { get; init; }

    /// <summary>How long it stays away when it was called too fast, since its site is being paced; null for the ordinary backoff.</summary>
    public TimeSpan? PacedWait { get; init; }
}

/// <summary>When the next attempt is due.</summary>
public static class BackoffPolicy
{
    /// <summary>
    /// The time of the next attempt, always before the expiry; null when there is none left and the message expires.
    /// The category's curve gives the wait; what a paced site calls too fast comes back soon; a greylist's learned or announced wait takes the place of its first step;
    /// a remote's hint is a lower bound; a doubt waits as its message asks.
    /// </summary>
    /// <param name="curves">The waits.</param>
    /// <param name="retry">What happened to whom.</param>
    /// <param name="chance">0 to 1: where in the jitter to fall.</param>
    public static DateTimeOffset? NextAttempt(BackoffCurves curves, in RetryCase retry, double chance)
    {
        ArgumentNullException.ThrowIfNull(curves);
        var left = retry.ExpiresAt - retry.Now;
        if (left <= TimeSpan.Zero) return null;
        var schedule = curves.For(retry.Priority, retry.Outcome.Category);
        if (retry.Attempts <= 0) return retry.Now;
        var luck = Luck(chance);
        if (retry is { Outcome.Kind: OutcomeKind.Uncertain, DoubtWait: { } doubtWait })
        {
            // Sooner than the message asked for is a duplicate sooner than it bears: no last try before the expiry here.
            var wait = Longer(doubtWait, curves.MinDoubtWait);
            return wait < left ? retry.Now + wait : null;
        }

        var delay = FirstGreylistWait(curves, retry, schedule, luck) ?? Paced(retry, schedule, luck) ?? Jittered(schedule, retry.Attempts, luck);
        if (HintOf(curves, retry.Outcome) is { } hint) delay = Longer(delay, Late(hint, schedule, luck));
        return Fit(schedule, delay, retry.Now, left, luck);
    }

    /// <summary>The time of the next attempt by one schedule, as above.</summary>
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
        var luck = Luck(chance);
        return Fit(schedule, Jittered(schedule, attemptsSoFar, luck), now, left, luck);
    }

    static TimeSpan? FirstGreylistWait(BackoffCurves curves, in RetryCase retry, BackoffSchedule schedule, double luck)
    {
        if (retry.Attempts != 1 || retry.Outcome.Category != Categories.Greylisted) return null;
        if (HintOf(curves, retry.Outcome) is { } hint) return Late(hint, schedule, luck);
        if (retry.Greylist?.Choose(schedule.JitterFraction, luck) is not { } learned) return null;
        return Longer(learned < curves.MaxGreylistWait ? learned : curves.MaxGreylistWait, curves.MinGreylistWait);
    }

    static TimeSpan? Paced(in RetryCase retry, BackoffSchedule schedule, double luck) =>
        retry is { PacedWait: { } wait, Outcome.Category: Categories.RateLimited } ? Late(wait, schedule, luck) : null;

    static TimeSpan? HintOf(BackoffCurves curves, Outcome outcome) =>
        outcome.RetryAfter is not { } hint ? null : hint < curves.MinHint ? curves.MinHint : hint > curves.MaxHint ? curves.MaxHint : hint;

    static TimeSpan Jittered(BackoffSchedule schedule, int attempts, double luck) =>
        schedule.StepAfter(attempts) * (1 + schedule.JitterFraction * (2 * luck - 1));

    // What a remote asked for is never cut short: chance only lengthens it.
    static TimeSpan Late(TimeSpan wait, BackoffSchedule schedule, double luck) => wait * (1 + schedule.JitterFraction * luck);

    // Where the wait would miss the expiry, one last attempt is made about half a first step before it.
    // It is spread too, over less than the shortest gap: so after it no second "last" one fits.
    static DateTimeOffset? Fit(BackoffSchedule schedule, TimeSpan delay, DateTimeOffset now, TimeSpan left, double luck)
    {
        var first = schedule.Steps[0];
        var shortest = first * (1 - schedule.JitterFraction);
        var lastDelay = left - first / 2 - shortest / 2 * luck;
        if (delay <= lastDelay) return now + delay;
        return lastDelay >= shortest ? now + lastDelay : null;
    }

    static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    static double Luck(double chance) => double.IsNaN(chance) ? 0.5 : Math.Clamp(chance, 0, 1);
}
