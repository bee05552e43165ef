namespace Orleans.Mail.Policy.Shaping;

/// <summary>When a relay is left alone.</summary>
public sealed record CircuitOptions
{
    /// <summary>Failures in a row that open the circuit. Default 5.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>How long it stays open at first; doubles with each failed probe. Default 1 minute.</summary>
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest time open. Default 10 minutes.</summary>
    public TimeSpan OpenMaximum { get; init; } = TimeSpan.FromMinutes(10);

    public static CircuitOptions Default { get; } = new();
}

/// <summary>
/// Health of a relay. Closed while it works; open, that is, unused, after failures in a row; then half open: one probe at a time, until one succeeds.
/// </summary>
public sealed record CircuitBreaker(CircuitOptions Options)
{
    int failures;
    int failedProbes;

    /// <summary>Until when it is unused; a time in the past means half open; null is closed.</summary>
    public DateTimeOffset? OpenUntil { get; private init; }

    /// <summary>By when the probe under way is taken for lost.</summary>
    public DateTimeOffset? ProbeUntil { get; private init; }

    /// <summary>Whether an attempt may be made.</summary>
    public bool Allows(DateTimeOffset now) => OpenUntil is null || (OpenUntil <= now && !(ProbeUntil > now));

    /// <summary>An attempt that was allowed begins. While half open it is the probe, and others are not allowed before it ends or times out.</summary>
    public CircuitBreaker OnAttempt(DateTimeOffset now, TimeSpan timeout) => OpenUntil is null ? this : this with { ProbeUntil = now + timeout };

    public CircuitBreaker OnSuccess() => OpenUntil is null && failures == 0 ? this : new CircuitBreaker(Options);

    /// <summary>The relay could not be talked to, or refused us as a whole.</summary>
    public CircuitBreaker OnFailure(DateTimeOffset now)
    {
        // Attempts that were under way when it opened say nothing new.
        if (OpenUntil > now) return this;
        if (OpenUntil is not null) return Open(now, failedProbes + 1);
        return failures + 1 >= Options.Failures ? Open(now, 0) : this with { failures = failures + 1 };
    }

    CircuitBreaker Open(DateTimeOffset now, int probes)
    {
        var wait = Options.OpenFor * Math.Pow(2, Math.Min(probes, 20));
        var most = Options.OpenMaximum > Options.OpenFor ? Options.OpenMaximum : Options.OpenFor;
        return new CircuitBreaker(Options) { OpenUntil = now + (wait < most ? wait : most), failedProbes = probes };
    }
}
