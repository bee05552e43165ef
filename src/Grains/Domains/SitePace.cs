using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Grains.Domains;

/// <summary>
/// How fast one site is served: the limits set for it, the pace it taught us by refusing, and the reactions to its answers.
/// Part of a <see cref="DomainGrain"/>, and as short-lived.
/// </summary>
sealed class SitePace(SiteShaping shaping, string site)
{
    ShapingTable? _table;
    IReadOnlyList<string> _hosts = [];
    ReactionBook _reactions = new(site, []);
    RateLimit? _setRate;
    TokenBucket? _set;
    SiteLimitsOverride? _ordered;
    TokenBucket? _learnedBucket;
    TokenBucket? _connections;
    LearnedRate _learned = new();
    GreylistWait _greylist = GreylistWait.None;

    public SiteLimits Limits { get; private set; } = SiteLimits.Default;

    public IReadOnlyList<Reaction> Reactions(DateTimeOffset now) => _reactions.Active(now);

    public double? LearnedPerSecond => _learned.PerSecond;

    /// <summary>What the site taught by refusing, for its next owner; null where nothing limits.</summary>
    public LearnedPace? Learned => _learned.Learned;

    /// <summary>Goes on from what an earlier owner learned.</summary>
    public void Continue(LearnedPace learned, DateTimeOffset now) => _learned = LearnedRate.From(learned, now);

    /// <summary>Takes in what is known of the site, and what configuration says now.</summary>
    public void Refresh(IReadOnlyList<string> hosts)
    {
        var table = shaping.Table;
        if (hosts.Count == 0) hosts = _hosts;
        if (ReferenceEquals(table, _table) && ReferenceEquals(hosts, _hosts)) return;
        _hosts = hosts;
        _table = table;
        Limits = table.Resolve(site, hosts);
        if (_ordered is not null) Limits = _ordered.Over(Limits);
        _reactions.Use(table.RulesFor(Limits.Provider));
    }

    /// <summary>Lays what an order limits over all else; null where none does.</summary>
    public void Order(SiteLimitsOverride? limits)
    {
        if (limits == _ordered) return;
        _ordered = limits;
        _table = null;
        Refresh(_hosts);
    }

    public SiteWindowOptions WindowOptions(DateTimeOffset now)
    {
        var most = Math.Max(1, Math.Min(Limits.MaxSessions, _reactions.EffectAt(now).MaxSessions ?? int.MaxValue));
        return new SiteWindowOptions { Initial = Math.Min(Limits.InitialSessions, most), Maximum = most, ProbeAfter = Limits.ProbeAfter };
    }

    public SessionTerms Terms => new(Limits.MessagesPerConnection, Limits.ConnectionIdle, Limits.MaxConnectionAge, Limits.RecipientsPerTransaction, _greylist.Choose(0, 0), IsOneConnection: Limits.ConnectionRate is not null);

    /// <summary>Until when a reaction forbids every attempt; null where none does.</summary>
    public DateTimeOffset? SuspendedUntil(DateTimeOffset now) => _reactions.SuspendedUntil(now);

    public bool PrefersOtherRelay(DateTimeOffset now) => _reactions.EffectAt(now).OtherRelay;

    /// <summary>How many of <paramref name="want"/> messages may go now; they count as gone.</summary>
    public int Take(int want, DateTimeOffset now)
    {
        if (want == 0) return 0;
        if (_learned.RestsUntil > now) return 0;
        var set = SetBucket(now);
        var granted = set?.Take(want, now) ?? want;
        if (granted == 0 || LearnedBucket(now) is not { } learned) return granted;
        var both = learned.Take(granted, now);
        set?.GiveBack(granted - both);
        return both;
    }

    /// <summary>Nothing was sent for that many of them.</summary>
    public void GiveBack(int unused)
    {
        _set?.GiveBack(unused);
        _learnedBucket?.GiveBack(unused);
    }

    /// <summary>When the next message may go: now, or later.</summary>
    public DateTimeOffset NextAt(DateTimeOffset now)
    {
        var next = now;
        if (_learned.RestsUntil > next) next = _learned.RestsUntil;
        if (SetBucket(now)?.NextAt(now) is { } set && set > next) next = set;
        if (LearnedBucket(now)?.NextAt(now) is { } learned && learned > next) next = learned;
        return next;
    }

    /// <summary>What lets a message that so many go before wait; null where nothing does.</summary>
    public PlaceHold? HoldAt(int ahead, DateTimeOffset now)
    {
        var set = SetBucket(now)?.NextAt(now, ahead) ?? now;
        var learned = LearnedBucket(now)?.NextAt(now, ahead) ?? now;
        if (_learned.RestsUntil > learned) learned = _learned.RestsUntil;
        if (learned > now && learned >= set) return new PlaceHold(PlaceHoldKind.LearnedPace, "", learned, learned - now);
        return set > now ? new PlaceHold(PlaceHoldKind.SiteRate, $"{_setRate}", set, _setRate!.Spacing * ahead) : null;
    }

    /// <summary>Whether a session may be opened now; it counts as opened.</summary>
    public bool TakeConnection(DateTimeOffset now) => Connections(now)?.Take(1, now) is not 0;

    /// <summary>When the next session may be opened: now, or later; null where nobody counts them.</summary>
    public DateTimeOffset? NextConnectionAt(DateTimeOffset now) => Connections(now)?.NextAt(now);

    /// <summary>Learns from one answer. Returns the reactions that it set off.</summary>
    public IReadOnlyList<Reaction> Learn(TicketResult result, SiteNews? news, DateTimeOffset now)
    {
        if (result is TicketResult.Talked) _learned = news?.Category == Categories.RateLimited ? _learned.OnRefused(now) : _learned.OnAccepted(now);
        if (news is null) return [];
        if (news.GreylistedFor is { } waited) _greylist = _greylist.Learn(now - waited, now, news.Category == Categories.Greylisted);
        else if (news is { Category: Categories.Greylisted, RetryAfter: { } announced }) _greylist = _greylist.Hear(announced);
        return news.Category == Categories.Delivered ? [] : _reactions.Observe(news.Category, news.Reply?.Text ?? "", now);
    }

    /// <summary>An operator ends a reaction.</summary>
    public bool Revoke(string id) => _reactions.Revoke(id);

    TokenBucket? SetBucket(DateTimeOffset now)
    {
        var rate = RateLimit.Slower(Limits.Rate, _reactions.EffectAt(now).Rate);
        if (rate == _setRate) return _set;
        _setRate = rate;
        if (rate is null) _set = null;
        else if (_set is null) _set = new TokenBucket(rate, now);
        else _set.Change(rate, now);
        return _set;
    }

    TokenBucket? Connections(DateTimeOffset now)
    {
        if (Limits.ConnectionRate is not { } rate) return _connections = null;
        if (_connections is null) _connections = new TokenBucket(rate, now);
        else if (_connections.Limit != rate) _connections.Change(rate, now);
        return _connections;
    }

    TokenBucket? LearnedBucket(DateTimeOffset now)
    {
        if (_learned.Limit is not { } rate) return _learnedBucket = null;
        if (_learnedBucket is null) _learnedBucket = new TokenBucket(rate, now);
        else if (_learnedBucket.Limit != rate) _learnedBucket.Change(rate, now);
        return _learnedBucket;
    }
}
