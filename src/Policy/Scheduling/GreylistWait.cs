namespace Orleans.Mail.Policy.Scheduling;

/// <summary>
/// What a site has taught about its greylist: how long it refuses what it sees for the first time. Between the longest wait that was
/// refused and the shortest that was accepted lies the site's own. Nothing but three spans of time; a site forgets it with its grain.
/// </summary>
public sealed record GreylistWait
{
    /// <summary>Nothing learned yet.</summary>
    public static GreylistWait None { get; } = new();

    // Longer waits tell of our own delays, not of the greylist.
    static readonly TimeSpan Longest = TimeSpan.FromHours(4);

    // Connecting takes time: a wait that is short by so much is the same wait.
    static readonly TimeSpan Grain = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait after which it still said "greylisted".</summary>
    public TimeSpan? Refused { get; private init; }

    /// <summary>Shortest wait after which it said anything else.</summary>
    public TimeSpan? Passed { get; private init; }

    /// <summary>What it announced last.</summary>
    public TimeSpan? Announced { get; private init; }

    /// <summary>Learns from the second attempt of a message that was greylisted at its first.</summary>
    /// <param name="firstAt">When the first was answered.</param>
    /// <param name="nextAt">When the next was.</param>
    /// <param name="isGreylisted">Whether that one was greylisted too. A refusal for another reason means that the greylist let it pass.</param>
    public GreylistWait Learn(DateTimeOffset firstAt, DateTimeOffset nextAt, bool isGreylisted)
    {
        var waited = nextAt - firstAt;
        if (waited <= TimeSpan.Zero || waited > Longest) return this;
        // A site may change its wait: what contradicts the older observation takes its place.
        if (isGreylisted)
            return this with { Refused = Refused > waited ? Refused : waited, Passed = Passed <= waited ? null : Passed };
        return this with { Passed = Passed < waited ? Passed : waited, Refused = Refused >= waited ? null : Refused };
    }

    /// <summary>Learns from the words of a first refusal (<see cref="Outcomes.Outcome.RetryAfter"/>).</summary>
    public GreylistWait Hear(TimeSpan announced) =>
        announced <= TimeSpan.Zero || announced > Longest ? this : this with { Announced = announced };

    /// <summary>
    /// How long to wait before the second attempt of a message that is greylisted now; null for nothing learned.
    /// By chance a little less than what passed, so that the site's own wait is approached, but not below what is known to be refused.
    /// </summary>
    /// <param name="jitterFraction">How far around what is known chance may go.</param>
    /// <param name="chance">0 to 1.</param>
    public TimeSpan? Choose(double jitterFraction, double chance)
    {
        var announced = Announced > (Refused ?? TimeSpan.Zero) ? Announced : null;
        if ((announced ?? Passed ?? Refused * 1.5) is not { } known) return null;
        // An announcement is the site's word; what passed may have been longer than needed.
        var lowest = announced is null ? known * (1 - jitterFraction) : known;
        if (Refused is { } refused && refused + Grain > lowest) lowest = refused + Grain < known ? refused + Grain : known;
        return lowest + (known * (1 + jitterFraction) - lowest) * Math.Clamp(chance, 0, 1);
    }
}
