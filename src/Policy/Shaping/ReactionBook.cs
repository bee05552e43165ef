using System.Globalization;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>A rule at work.</summary>
/// <param name="Id">Names it when it is revoked.</param>
/// <param name="RuleId">The rule.</param>
/// <param name="Cause">Category of the answer that fired it last.</param>
/// <param name="Count">Answers that count, at the last firing.</param>
/// <param name="LastReply">The last of them, cut to <see cref="ReactionBook.MaxReplyLength"/>.</param>
/// <param name="Since">When it began.</param>
/// <param name="Until">When it ends by itself.</param>
/// <param name="Effect">What it does.</param>
public sealed record Reaction(string Id, string RuleId, string Cause, int Count, string LastReply, DateTimeOffset Since, DateTimeOffset Until, ReactionEffect Effect);

/// <summary>
/// Counts a site's answers by its rules and keeps what they set off. Memory is bounded: at most one reaction and <see cref="ReactionRule.Times"/> times
/// for each rule. Not for concurrent use.
/// </summary>
public sealed class ReactionBook
{
    /// <summary>Characters kept of a reply.</summary>
    public const int MaxReplyLength = 200;

    readonly string _site;
    readonly Dictionary<string, Reaction> _active = new(StringComparer.Ordinal);
    (ReactionRule Rule, Queue<DateTimeOffset> Times)[] _counts;

    public ReactionBook(string site, IEnumerable<ReactionRule> rules)
    {
        _site = site;
        _counts = [.. rules.Select(rule => (rule, new Queue<DateTimeOffset>()))];
    }

    /// <summary>An answer other than success. Returns what it set off or made longer; mostly nothing.</summary>
    public IReadOnlyList<Reaction> Observe(string category, string reply, DateTimeOffset now)
    {
        List<Reaction>? fired = null;
        foreach (var (rule, times) in _counts)
        {
            if (!rule.Matches(category, reply)) continue;
            while (times.TryPeek(out var oldest) && (oldest <= now - rule.Within || times.Count >= rule.Times)) times.Dequeue();
            times.Enqueue(now);
            if (times.Count >= rule.Times) (fired ??= []).Add(Fire(rule, category, reply, now));
        }

        return fired ?? (IReadOnlyList<Reaction>)[];
    }

    /// <summary>What is at work, the oldest first.</summary>
    public IReadOnlyList<Reaction> Active(DateTimeOffset now)
    {
        Expire(now);
        return [.. _active.Values.OrderBy(reaction => reaction.Since).ThenBy(reaction => reaction.RuleId, StringComparer.Ordinal)];
    }

    /// <summary>All of it together, the strictest of each part.</summary>
    public ReactionEffect EffectAt(DateTimeOffset now)
    {
        Expire(now);
        return _active.Count == 0 ? ReactionEffect.None : _active.Values.Aggregate(ReactionEffect.None, (all, reaction) => all.With(reaction.Effect));
    }

    /// <summary>The last end of what suspends; null when nothing does.</summary>
    public DateTimeOffset? SuspendedUntil(DateTimeOffset now)
    {
        Expire(now);
        return _active.Count == 0 ? null : _active.Values.Where(reaction => reaction.Effect.Suspend).Max(reaction => (DateTimeOffset?)reaction.Until);
    }

    /// <summary>The next end; null when nothing is at work.</summary>
    public DateTimeOffset? NextExpiry(DateTimeOffset now)
    {
        Expire(now);
        return _active.Values.Min(reaction => (DateTimeOffset?)reaction.Until);
    }

    /// <summary>Ends one, and forgets the answers that led to it, so that the next answer does not bring it back. False when it is not at work.</summary>
    public bool Revoke(string id)
    {
        if (_active.Values.FirstOrDefault(reaction => reaction.Id == id) is not { } found) return false;
        _active.Remove(found.RuleId);
        foreach (var (rule, times) in _counts)
            if (rule.Id == found.RuleId)
                times.Clear();
        return true;
    }

    /// <summary>Other rules from now on. What is at work stays until it ends or is revoked; so do the counts of a rule that keeps its id.</summary>
    public void Use(IEnumerable<ReactionRule> rules)
    {
        var before = _counts.ToDictionary(entry => entry.Rule.Id, entry => entry.Times, StringComparer.Ordinal);
        _counts = [.. rules.Select(rule => (rule, before.GetValueOrDefault(rule.Id) ?? new Queue<DateTimeOffset>()))];
    }

    Reaction Fire(ReactionRule rule, string category, string reply, DateTimeOffset now)
    {
        var known = _active.TryGetValue(rule.Id, out var old) && old.Until > now ? old : null;
        var id = known?.Id ?? string.Create(CultureInfo.InvariantCulture, $"{_site}/{rule.Id}/{now.ToUnixTimeMilliseconds()}");
        var count = known is null ? rule.Times : known.Count + 1;
        var until = now + rule.For;
        return _active[rule.Id] = new Reaction(id, rule.Id, category, count, reply.Length <= MaxReplyLength ? reply : reply[..MaxReplyLength], known?.Since ?? now,
            known?.Until > until ? known.Until : until, rule.Effect);
    }

    void Expire(DateTimeOffset now)
    {
        if (_active.Count == 0) return;
        foreach (var (id, reaction) in _active)
            if (reaction.Until <= now)
                _active.Remove(id);
    }
}
