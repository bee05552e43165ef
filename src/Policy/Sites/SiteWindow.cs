namespace Orleans.Mail.Policy.Sites;

/// <summary>Bounds of a site's concurrency.</summary>
public sealed record SiteWindowOptions
{
    /// <summary>Sessions allowed before anything is known of the site. Default 5.</summary>
    public int Initial { get; init; } = 5;

    /// <summary>Sessions never exceeded. Default 20.</summary>
    public int Maximum { get; init; } = 20;

    /// <summary>How many whole windows of sessions in a row fail before the site counts as dead. Default 1.</summary>
    public double DeadAfterCohorts { get; init; } = 1;

    /// <summary>How long a dead site is left alone before one session probes it. Doubles with each failed probe. Default 1 minute.</summary>
    public TimeSpan ProbeAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest wait between probes. Default 10 minutes.</summary>
    public TimeSpan ProbeMaximum { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How many sessions in a row must go well at the level a site holds us to before one more is tried. Doubles each time that one is refused.
    /// Default 100, so at most one in a hundred sessions is refused for it.
    /// </summary>
    public int CeilingHold { get; init; } = 100;

    /// <summary>Most sessions that must go well before one more is tried. Default 3200.</summary>
    public int CeilingHoldMaximum { get; init; } = 3200;

    /// <summary>Shortest time between two tries of one more. Default 30 seconds.</summary>
    public TimeSpan CeilingPause { get; init; } = TimeSpan.FromSeconds(30);

    public static SiteWindowOptions Default { get; } = new();
}

/// <summary>
/// How many sessions a site gets, learned from how they end: one more per window of successes, one less per window of troubles.
/// A window of troubles in a row makes it dead: no session until <see cref="DeadUntil"/>, then one at a time until one succeeds.
/// A site that talks and only refuses one session more shows its <see cref="Ceiling"/>: the window goes there at once, and beyond it rarely.
/// </summary>
/// <remarks>
/// Only "could not even talk" is trouble (<c>Outcome.IsSiteTrouble</c>); a refused recipient is a success of the session. A session that was one too
/// many gives its tickets back untried, so nothing is deferred for it. The decrease is 1/N: Postfix's own experiment defers least with it (SCHEDULER_README).
/// </remarks>
public sealed record SiteWindow
{
    // Sums of 1/N: what is meant as a whole may lack a little.
    const double Tolerance = 1e-9;

    double _gain;
    double _reserve;
    double _failedCohorts;
    int _failedProbes;
    int _ceilingHold;
    int _heldFor;
    DateTimeOffset _heldSince;

    public SiteWindow(SiteWindowOptions? options = null)
    {
        Options = options ?? SiteWindowOptions.Default;
        if (Options.Initial < 1 || Options.Maximum < Options.Initial)
            throw new ArgumentException("A window starts with at least 1 session, and its maximum is not below its start.", nameof(options));
        if (Options.CeilingHold < 1 || Options.CeilingHoldMaximum < Options.CeilingHold)
            throw new ArgumentException("A ceiling holds for at least 1 session, and its maximum is not below that.", nameof(options));
        Limit = Options.Initial;
    }

    public SiteWindowOptions Options { get; private init; }

    /// <summary>Size of the window while the site lives: 1 to the maximum.</summary>
    public int Limit { get; private init; }

    /// <summary>The level at which the site last refused one session more; null while none is known.</summary>
    public int? Ceiling { get; private init; }

    /// <summary>Until when no session may be opened; set until a session succeeds, so a time in the past means probing.</summary>
    public DateTimeOffset? DeadUntil { get; private init; }

    /// <summary>Sessions that may be open, unless <see cref="DeadUntil"/> is still to come: 1 while probing.</summary>
    public int OpenLimit => DeadUntil is null ? Limit : 1;

    /// <summary>Sessions that may be open at <paramref name="now"/>: 0 while dead, 1 while probing, else the window.</summary>
    public int OpenLimitAt(DateTimeOffset now) => DeadUntil > now ? 0 : OpenLimit;

    /// <summary>A session could be talked to.</summary>
    /// <param name="now">Now.</param>
    /// <param name="inUse">Sessions open now: the window does not grow more than its start beyond real use.</param>
    public SiteWindow OnSuccess(DateTimeOffset now, int inUse = int.MaxValue)
    {
        if (DeadUntil is not null) return new SiteWindow(Options);
        if (Limit >= Options.Maximum || Limit - Options.Initial >= inUse) return _failedCohorts == 0 ? this : this with { _failedCohorts = 0 };
        if (Limit == Ceiling)
        {
            var held = inUse < Limit ? _heldFor : _heldFor + 1;
            if (held < _ceilingHold || now - _heldSince < Options.CeilingPause) return this with { _heldFor = held, _failedCohorts = 0 };
            return this with { Limit = Limit + 1, _heldFor = 0, _gain = 0, _failedCohorts = 0 };
        }

        var step = 1.0 / Limit;
        var sum = _gain + step;
        if (sum + step / 2 < 1 - Tolerance) return this with { _gain = sum, _failedCohorts = 0 };
        // A whole window went well above the ceiling: the site holds us to it no more.
        if (Limit > Ceiling) return this with { Limit = Limit + 1, Ceiling = null, _ceilingHold = 0, _gain = sum - 1, _reserve = 0, _failedCohorts = 0 };
        return this with { Limit = Limit + 1, _gain = sum - 1, _reserve = 0, _failedCohorts = 0 };
    }

    /// <summary>The site talks on its other sessions and refused one more (421 or a closed connection in the greeting).</summary>
    /// <param name="inUse">Sessions it talks on, without the refused one; with none it is trouble.</param>
    /// <param name="now">Now.</param>
    public SiteWindow OnRefused(int inUse, DateTimeOffset now)
    {
        if (inUse < 1 || DeadUntil is not null) return OnTrouble(now);
        // Sessions that were being opened when the window shrank say nothing new.
        if (inUse >= Limit) return this;
        var known = inUse == Ceiling;
        var hold = known ? Math.Min(_ceilingHold * 2, Options.CeilingHoldMaximum) : Options.CeilingHold;
        return this with { Limit = inUse, Ceiling = inUse, _ceilingHold = hold, _heldFor = 0, _heldSince = now, _gain = 0, _reserve = 0, _failedCohorts = 0 };
    }

    /// <summary>The same knowledge within other bounds. A window that the old maximum kept small starts anew where the new one is larger.</summary>
    public SiteWindow Within(SiteWindowOptions options)
    {
        if (options == Options) return this;
        var start = new SiteWindow(options).Limit;
        var wasCapped = DeadUntil is null && Limit == Options.Maximum && options.Maximum > Options.Maximum;
        var limit = wasCapped ? Math.Max(Limit, Math.Min(start, Ceiling ?? start)) : Math.Min(Limit, options.Maximum);
        return this with { Options = options, Limit = limit };
    }

    /// <summary>The site could not be talked to.</summary>
    public SiteWindow OnTrouble(DateTimeOffset now)
    {
        // Sessions that were under way when the site died say nothing new.
        if (DeadUntil > now) return this;
        if (DeadUntil is not null) return Die(now, _failedProbes + 1);
        var step = 1.0 / Limit;
        var cohorts = _failedCohorts + step;
        if (cohorts >= Options.DeadAfterCohorts - Tolerance) return Die(now, 0);
        // The first trouble narrows at once, further ones once per window: quicker than growth, and never a collapse.
        var rest = _reserve - step;
        if (Limit == 1) return this with { _failedCohorts = cohorts };
        if (rest - step / 2 >= -Tolerance) return this with { _reserve = rest, _failedCohorts = cohorts };
        return this with { Limit = Limit - 1, _reserve = rest + 1, _gain = 0, _failedCohorts = cohorts };
    }

    SiteWindow Die(DateTimeOffset now, int probes)
    {
        var wait = Options.ProbeAfter * Math.Pow(2, Math.Min(probes, 20));
        if (wait > Options.ProbeMaximum) wait = Options.ProbeMaximum > Options.ProbeAfter ? Options.ProbeMaximum : Options.ProbeAfter;
        return new SiteWindow(Options) { Limit = 1, DeadUntil = now + wait, _failedProbes = probes };
    }
}
