namespace Orleans.Mail.Policy.Shaping;

/// <summary>How a pace is learned from "too fast".</summary>
public sealed record LearnedRateOptions
{
    /// <summary>What is left of a pace that was refused. Default 0.92.</summary>
    public double Cut { get; init; } = 0.92;

    /// <summary>Growth in a second while the site's limit is unknown. Default 0.1.</summary>
    public double Search { get; init; } = 0.1;

    /// <summary>Growth in a second towards a pace that was refused before. Default 0.01.</summary>
    public double Approach { get; init; } = 0.01;

    /// <summary>How long a pace is kept after a refusal; doubles each time the same pace is refused again. Default 15 seconds.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest time a pace is kept. Default 5 minutes.</summary>
    public TimeSpan HoldMaximum { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Rest after a refusal that nothing was accepted before; doubles while nothing is. Default 1 second.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest rest. Default 1 minute.</summary>
    public TimeSpan RestMaximum { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The slowest pace, in messages a second. Default: one a minute.</summary>
    public double Slowest { get; init; } = 1.0 / 60;

    /// <summary>How long without a refusal until the pace is free again. Default 1 hour.</summary>
    public TimeSpan ForgetAfter { get; init; } = TimeSpan.FromHours(1);

    public static LearnedRateOptions Default { get; } = new();
}

/// <summary>
/// The pace a site bears, learned from answers that call us too fast (category rate-limited). Free until the first; then what the site took, measured;
/// then a search upwards to the pace it refuses, and a stay just below it, with a try above it more and more rarely.
/// </summary>
public sealed record LearnedRate
{
    // Refusals of messages that were under way at a cut say nothing new.
    static readonly TimeSpan Round = TimeSpan.FromSeconds(1);
    static readonly TimeSpan MeterSpan = TimeSpan.FromSeconds(5);

    DateTimeOffset meterSince;
    int metered;
    double measured;
    int acceptedSinceCut;
    DateTimeOffset cutAt;
    DateTimeOffset grownAt;
    DateTimeOffset holdUntil;
    TimeSpan hold;
    TimeSpan rest;
    double? ceiling;

    public LearnedRate(LearnedRateOptions? options = null) => Options = options ?? LearnedRateOptions.Default;

    public LearnedRateOptions Options { get; }

    /// <summary>Messages a second; null while nothing limits.</summary>
    public double? PerSecond { get; private init; }

    /// <summary>No message before this time.</summary>
    public DateTimeOffset RestsUntil { get; private init; }

    /// <summary>The same for a <see cref="TokenBucket"/>.</summary>
    public RateLimit? Limit => PerSecond is { } pace ? new RateLimit(1, TimeSpan.FromSeconds(1 / pace)) : null;

    /// <summary>The site took a message, or refused it for a reason of its own.</summary>
    public LearnedRate OnAccepted(DateTimeOffset now)
    {
        var next = Meter(now) with { acceptedSinceCut = acceptedSinceCut + 1 };
        if (PerSecond is not { } pace) return next;
        if (now - cutAt > Options.ForgetAfter) return new LearnedRate(Options);
        if (now < holdUntil) return next with { grownAt = now };
        // A pause in the traffic earns little, and a pace that is not used up does not grow.
        var seconds = Math.Min((now - grownAt).TotalSeconds, Math.Max(2, 2 / pace));
        if (seconds <= 0 || pace > 2 * Math.Max(next.Measured(now), measured)) return next with { grownAt = now };
        var grown = pace * (1 + Math.Min(1, (ceiling is null ? Options.Search : Options.Approach) * seconds));
        var known = grown > ceiling * 1.1 ? null : ceiling;
        return next with { PerSecond = Math.Min(grown, 1e5), grownAt = now, ceiling = known, hold = known is null ? TimeSpan.Zero : hold };
    }

    /// <summary>The site called us too fast.</summary>
    public LearnedRate OnRefused(DateTimeOffset now)
    {
        if (now - cutAt < Round || now < RestsUntil) return this;
        var next = this with { cutAt = now, grownAt = now, acceptedSinceCut = 0 };
        if (PerSecond is not { } pace)
        {
            var taken = Math.Max(Options.Slowest, Measured(now) * Options.Cut);
            return next with { PerSecond = taken, RestsUntil = now + Options.Rest, rest = Options.Rest, holdUntil = now + Options.Rest + Round };
        }

        if (acceptedSinceCut == 0)
        {
            var longer = Double(rest, Options.Rest, Options.RestMaximum);
            return next with { PerSecond = Math.Max(Options.Slowest, pace / 2), ceiling = null, RestsUntil = now + longer, rest = longer, holdUntil = now + longer };
        }

        var held = ceiling is { } last && pace > last * 0.9 ? Double(hold, Options.Hold, Options.HoldMaximum) : Options.Hold;
        return next with { PerSecond = Math.Max(Options.Slowest, pace * Options.Cut), ceiling = pace, rest = TimeSpan.Zero, hold = held, holdUntil = now + held };
    }

    LearnedRate Meter(DateTimeOffset now) =>
        metered == 0 || now - meterSince >= MeterSpan
            ? this with { measured = metered == 0 ? 0 : Measured(now), meterSince = now, metered = 1 }
            : this with { metered = metered + 1 };

    // What came within the last moment counts in full: a burst after a lone message is no proof of a slow site.
    double Measured(DateTimeOffset now)
    {
        var current = metered / Math.Max(1, (now - meterSince).TotalSeconds);
        return now - meterSince < Round ? Math.Max(measured, current) : current;
    }

    static TimeSpan Double(TimeSpan last, TimeSpan first, TimeSpan most) => last == TimeSpan.Zero ? first : last * 2 < most ? last * 2 : most;
}
