using System.Collections.Immutable;
using System.Reflection;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>What a site's mail is held to. The default holds to nothing.</summary>
public sealed record ReactionEffect
{
    public static ReactionEffect None { get; } = new();

    /// <summary>No attempts.</summary>
    public static ReactionEffect Suspension { get; } = new() { Suspend = true };

    /// <summary>The next attempt by another relay or source.</summary>
    public static ReactionEffect Reroute { get; } = new() { OtherRelay = true };

    public bool Suspend { get; init; }

    /// <summary>Messages by time.</summary>
    public RateLimit? Rate { get; init; }

    /// <summary>Sessions at once.</summary>
    public int? MaxSessions { get; init; }

    public bool OtherRelay { get; init; }

    public static ReactionEffect SlowDown(string rate) => new() { Rate = RateLimit.Parse(rate) };

    public static ReactionEffect FewerSessions(int sessions) => new() { MaxSessions = sessions };

    /// <summary>The stricter of each part.</summary>
    public ReactionEffect With(ReactionEffect other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new()
        {
            Suspend = Suspend || other.Suspend,
            Rate = RateLimit.Slower(Rate, other.Rate),
            MaxSessions = MaxSessions is { } one && other.MaxSessions is { } two ? Math.Min(one, two) : MaxSessions ?? other.MaxSessions,
            OtherRelay = OtherRelay || other.OtherRelay,
        };
    }
}

/// <summary>"So often in this time" → "this, for so long". Counted for each site by itself.</summary>
public sealed record ReactionRule
{
    /// <summary>Most answers a rule may count: it remembers each.</summary>
    public const int MaxTimes = 1000;

    /// <summary>Stable name, shown to operators.</summary>
    public required string Id { get; init; }

    /// <summary>Only at this provider's sites; null for all.</summary>
    public string? Provider { get; init; }

    /// <summary>One of <see cref="Categories"/>; null for any.</summary>
    public string? Category { get; init; }

    /// <summary>Any of these in the reply, in any case; none for any reply.</summary>
    public ImmutableArray<string> Words { get; init; } = [];

    public int Times { get; init; } = 1;

    public TimeSpan Within { get; init; } = TimeSpan.FromHours(1);

    public required ReactionEffect Effect { get; init; }

    public required TimeSpan For { get; init; }

    /// <summary>Whether an answer counts.</summary>
    public bool Matches(string category, string reply) =>
        (Category is null || Category == category) && (Words.IsDefaultOrEmpty || Words.Any(word => reply.Contains(word, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Every fault of a set of rules.</summary>
    public static IEnumerable<string> Validate(IEnumerable<ReactionRule> rules, IReadOnlySet<string> providers)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var rule in rules)
        {
            if (string.IsNullOrWhiteSpace(rule.Id)) yield return "A rule has no id";
            else if (!ids.Add(rule.Id)) yield return $"Rule {rule.Id} is there twice";
            if (rule.Provider is { } provider && !providers.Contains(provider)) yield return $"Rule {rule.Id} is for provider {provider}, which is not in the table";
            if (rule.Category is { } category && !KnownCategories.Contains(category)) yield return $"Rule {rule.Id} is about category {category}, which does not exist";
            if (rule.Category is null && rule.Words.IsDefaultOrEmpty) yield return $"Rule {rule.Id} names neither category nor words, so that every answer would count";
            if (!rule.Words.IsDefault && rule.Words.Any(word => word.Trim().Length < 3)) yield return $"Rule {rule.Id} has a word of less than 3 letters";
            if (rule.Times is < 1 or > MaxTimes) yield return $"Rule {rule.Id} counts to {rule.Times}; it is 1 to {MaxTimes}";
            if (rule.Within <= TimeSpan.Zero || rule.Within > TimeSpan.FromDays(7)) yield return $"Rule {rule.Id} counts within {rule.Within}; it is at most 7 days";
            if (rule.For <= TimeSpan.Zero || rule.For > TimeSpan.FromDays(7)) yield return $"Rule {rule.Id} reacts for {rule.For}; it is at most 7 days";
            if (rule.Effect == ReactionEffect.None) yield return $"Rule {rule.Id} has no effect";
            if (rule.Effect.MaxSessions < 1) yield return $"Rule {rule.Id} leaves {rule.Effect.MaxSessions} sessions; to leave none, it suspends";
        }
    }

    static readonly HashSet<string> KnownCategories =
        [.. typeof(Categories).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!)];
}
