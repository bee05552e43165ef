namespace Orleans.Mail.Policy.Shaping;

/// <summary>
/// How a site that came back gets its deferred mail: 1, 2, 4, … messages at once, up to its window. A new failure stops the release and keeps the rest.
/// </summary>
/// <remarks>Each message taken makes room for itself and one more, so what is under way doubles with each round trip; once the site calls us too fast, it grows by one a round.</remarks>
public sealed record ReleaseRamp
{
    /// <summary>
    /// How long a message stays away that was called too fast during a release, in place of its backoff: the pace is learned by then, and minutes more would
    /// only make the last ones late.
    /// </summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(15);

    double _allowance;
    bool _steady;

    /// <summary>Nothing is released: the site has not accepted since it failed.</summary>
    public static ReleaseRamp Stopped { get; } = new();

    public bool IsStopped => _allowance == 0;

    /// <summary>The site took a message: the probe, or one that was released.</summary>
    public ReleaseRamp OnAccepted() =>
        IsStopped ? new ReleaseRamp { _allowance = 1 } : this with { _allowance = Math.Min(_allowance + (_steady ? 1 / _allowance : 1), 1e6) };

    /// <summary>The site called us too fast: half of it, and slower growth.</summary>
    public ReleaseRamp OnRefused() => IsStopped ? this : new ReleaseRamp { _allowance = Math.Max(1, _allowance / 2), _steady = true };

    /// <summary>The site cannot be talked to any more.</summary>
    public ReleaseRamp OnFailure() => IsStopped ? this : Stopped;

    /// <summary>How many more may be released.</summary>
    /// <param name="inFlight">Released and not yet answered.</param>
    /// <param name="window">What the site's window and prefetch take.</param>
    public int ReleaseNow(int inFlight, int window) => Math.Max(0, Math.Min((int)_allowance, window) - inFlight);
}
