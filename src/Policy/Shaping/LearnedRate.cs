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

/// <summary>What was learned of a site's pace, for whoever looks after the site next.</summary>
/// <param name="PerSecond">The pace.</param>
/// <param name="Ceiling">The pace that was refused last; null where none is known.</param>
/// <param name="CutAt">The last refusal.</param>
/// <param name="RestsUntil">No message before.</param>
/// <param name="Rest">How long that rest is.</param>
/// <param name="HoldUntil">Until when the pace does not grow.</param>
/// <param name="Hold">How long that is.</param>
/// <param name="WasAccepted">Whether the site took anything at this pace.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.LearnedPace")]
public sealed record LearnedPace(
    [property: Id(0)] double PerSecond, [property: Id(1)] double? Ceiling, [property: Id(2)] DateTimeOffset CutAt, [property: Id(3)] DateTimeOffset RestsUntil,
    [property: Id(4)] TimeSpan Rest, [property: Id(5)] DateTimeOffset HoldUntil, [property: Id(6)] TimeSpan Hold, [property: Id(7)] bool WasAccepted);

/// <summary>
/// The pace a site bears, learned from answers that call us too fast (category rate-limited). Free until the first; then what the site took, measured;
/// then a search upwards to the pace it refuses, and a stay just below it, with a try above it more and more rarely.
/// </summary>
public sealed record LearnedRate
{
    // Refusals of messages that were under way at a cut say nothing new.
    static readonly TimeSpan Round = TimeSpan.FromSeconds(1);
    static readonly TimeSpan MeterSpan = TimeSpan.FromSeconds(5);

    DateTimeOffset _meterSince;
    int _metered;
    double _measured;
    int _acceptedSinceCut;
    DateTimeOffset _cutAt;
    DateTimeOffset _grownAt;
    DateTimeOffset _holdUntil;
    TimeSpan _hold;
    TimeSpan _rest;
    double? _ceiling;

    public LearnedRate(LearnedRateOptions? options = null) => Options = options ?? LearnedRateOptions.Default;

    public LearnedRateOptions Options { get; }

    /// <summary>Messages a second; null while nothing limits.</summary>
    public double? PerSecond { get; private init; }

    /// <summary>No message before this time.</summary>
    public DateTimeOffset RestsUntil { get; private init; }

    /// <summary>The same for a <see cref="TokenBucket"/>.</summary>
    public RateLimit? Limit => PerSecond is { } pace ? new RateLimit(1, TimeSpan.FromSeconds(1 / pace)) : null;

    /// <summary>What another one goes on from by <see cref="From"/>; null while nothing limits.</summary>
    public LearnedPace? Learned => PerSecond is { } pace ? new LearnedPace(pace, _ceiling, _cutAt, RestsUntil, _rest, _holdUntil, _hold, _acceptedSinceCut > 0) : null;

    /// <summary>Goes on from what was learned elsewhere: what the site takes is measured anew, and until it is, the pace does not grow.</summary>
    public static LearnedRate From(LearnedPace learned, DateTimeOffset now, LearnedRateOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(learned);
        return new LearnedRate(options)
        {
            PerSecond = learned.PerSecond,
            RestsUntil = learned.RestsUntil,
            _ceiling = learned.Ceiling,
            _cutAt = learned.CutAt,
            _rest = learned.Rest,
            _holdUntil = learned.HoldUntil,
            _hold = learned.Hold,
            _acceptedSinceCut = learned.WasAccepted ? 1 : 0,
            _grownAt = now,
        };
    }

    /// <summary>The site took a message, or refused it for a reason of its own.</summary>
    public LearnedRate OnAccepted(DateTimeOffset now)
    {
        var next = Meter(now) with { _acceptedSinceCut = _acceptedSinceCut + 1 };
        if (PerSecond is not { } pace) return next;
        if (now - _cutAt > Options.ForgetAfter) return new LearnedRate(Options);
        if (now < _holdUntil) return next with { _grownAt = now };
        // A pause in the traffic earns little, and a pace that is not used up does not grow.
        var seconds = Math.Min((now - _grownAt).TotalSeconds, Math.Max(2, 2 / pace));
        if (seconds <= 0 || pace > 2 * Math.Max(next.Measured(now), _measured)) return next with { _grownAt = now };
        var grown = pace * (1 + Math.Min(1, (_ceiling is null ? Options.Search : Options.Approach) * seconds));
        var known = grown > _ceiling * 1.1 ? null : _ceiling;
        return next with { PerSecond = Math.Min(grown, 1e5), _grownAt = now, _ceiling = known, _hold = known is null ? TimeSpan.Zero : _hold };
    }

    /// <summary>The site called us too fast.</summary>
    public LearnedRate OnRefused(DateTimeOffset now)
    {
        if (now - _cutAt < Round || now < RestsUntil) return this;
        var next = this with { _cutAt = now, _grownAt = now, _acceptedSinceCut = 0 };
        if (PerSecond is not { } pace)
        {
            var taken = Math.Max(Options.Slowest, Measured(now) * Options.Cut);
            return next with { PerSecond = taken, RestsUntil = now + Options.Rest, _rest = Options.Rest, _holdUntil = now + Options.Rest + Round };
        }

        if (_acceptedSinceCut == 0)
        {
            var longer = Double(_rest, Options.Rest, Options.RestMaximum);
            return next with { PerSecond = Math.Max(Options.Slowest, pace / 2), _ceiling = null, RestsUntil = now + longer, _rest = longer, _holdUntil = now + longer };
        }

        var held = _ceiling is { } last && pace > last * 0.9 ? Double(_hold, Options.Hold, Options.HoldMaximum) : Options.Hold;
        return next with { PerSecond = Math.Max(Options.Slowest, pace * Options.Cut), _ceiling = pace, _rest = TimeSpan.Zero, _hold = held, _holdUntil = now + held };
    }

    LearnedRate Meter(DateTimeOffset now) =>
        _metered == 0 || now - _meterSince >= MeterSpan
            ? this with { _measured = _metered == 0 ? 0 : Measured(now), _meterSince = now, _metered = 1 }
            : this with { _metered = _metered + 1 };

    // What came within the last moment counts in full: a burst after a lone message is no proof of a slow site.
    double Measured(DateTimeOffset now)
    {
        var current = _metered / Math.Max(1, (now - _meterSince).TotalSeconds);
        return now - _meterSince < Round ? Math.Max(_measured, current) : current;
    }

    static TimeSpan Double(TimeSpan last, TimeSpan first, TimeSpan most) => last == TimeSpan.Zero ? first : last * 2 < most ? last * 2 : most;
}
