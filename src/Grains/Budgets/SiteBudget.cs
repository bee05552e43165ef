using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>One shared limit, as one site has it.</summary>
/// <param name="key">The budget's.</param>
/// <param name="flow">Whose mail waits for it; null where all mail of the site does.</param>
sealed class SiteBudget(string key, FairKey? flow)
{
    public string Key => key;

    public FairKey? Flow => flow;

    /// <summary>Null where there is no limit by time.</summary>
    public HeldTokens? Tokens { get; set; }

    /// <summary>Null where there is no limit on what goes on at once.</summary>
    public HeldShare? Share { get; set; }

    /// <summary>What waits at this site and comes under the limit.</summary>
    public int Waiting { get; set; }

    public bool IsParked { get; set; }

    /// <summary>What lies between two messages that wait.</summary>
    public TimeSpan Spacing { get; set; }

    // What was sent away last is to come back then.
    DateTimeOffset _promised;

    /// <summary>Whether something that waits for the limit waits outside memory.</summary>
    public bool HasSentAway => _promised != default;

    public int Demand => Waiting + (Share?.InUse ?? 0);

    public bool IsFree(DateTimeOffset now) => Tokens is not { Count: 0 } && (Share is null || Share.InUse < Share.At(now));

    /// <summary>Whether nothing goes for so long that what waits had better wait outside memory.</summary>
    public bool IsUsedUp(DateTimeOffset now) => Tokens is { Count: 0, IsAsking: false } tokens && tokens.AskAt > now + Patience;

    /// <summary>When one that is sent away is to come back: each at a moment of its own, so that they come neither for nothing nor in a herd.</summary>
    public DateTimeOffset Promise(DateTimeOffset now)
    {
        var wait = Spacing * (Waiting / 2);
        var from = now + (wait < LeastWait ? LeastWait : wait > MostWait ? MostWait : wait);
        if (Tokens is { } tokens && tokens.AskAt > from) from = tokens.AskAt;
        _promised = _promised + Spacing > from ? _promised + Spacing : from;
        if (_promised > from + MostWait) _promised = from + MostWait;
        return _promised;
    }

    /// <summary>What is used up for so long is led around, or waits outside memory.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(2);
    static readonly TimeSpan MostWait = TimeSpan.FromMinutes(15);

    /// <summary>When something is to be done, or may change, unless an answer is under way.</summary>
    public DateTimeOffset NextLook()
    {
        var tokens = Tokens switch
        {
            { IsAsking: true } or null => DateTimeOffset.MaxValue,
            { Count: > 0 } held => held.ExpiresAt,
            var none => Waiting > 0 ? none.AskAt : DateTimeOffset.MaxValue,
        };
        var share = Share is { IsAsking: false } && Demand > 0 ? Share.RenewAt : DateTimeOffset.MaxValue;
        return tokens < share ? tokens : share;
    }
}
