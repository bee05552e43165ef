using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>Reactions to what large receivers are known to say, and mean.</summary>
public static class KnownReactions
{
    static readonly ReactionEffect Crawl = ReactionEffect.SlowDown("1/1m");
    static readonly ReactionEffect Slow = ReactionEffect.SlowDown("10/1m");
    static readonly ReactionEffect OneSession = ReactionEffect.FewerSessions(1);

    public static ImmutableArray<ReactionRule> Rules { get; } =
    [
        Rule("any.ip-reputation", null, 3, Crawl.With(OneSession), 90, "rate limited due to ip reputation", "temporarily deferred due to"),
        Rule("google.unusual-rate", "google", 2, Slow, 30, "unusual rate"),
        Rule("google.detected", "google", 5, ReactionEffect.Suspension, 60, "detected that this message"),
        Rule("yahoo.tss04", "yahoo", 2, ReactionEffect.Suspension, 120, "[tss04]"),
        Rule("yahoo.tss05", "yahoo", 1, ReactionEffect.Suspension, 240, "[tss05]"),
        Rule("yahoo.ipts04", "yahoo", 1, ReactionEffect.Suspension, 120, "[ipts04]"),
        Rule("yahoo.ipts05", "yahoo", 1, ReactionEffect.Suspension, 240, "[ipts05]"),
        Rule("yahoo.ts02", "yahoo", 3, Crawl, 30, "[ts02]"),
        Rule("yahoo.ts03", "yahoo", 3, Slow, 30, "[ts03]"),
        Rule("yahoo.listed", "yahoo", 5, ReactionEffect.Suspension, 120, "[bl21]", "[bl22]", "[bl23]"),
        Rule("yahoo.messages-per-connection", "yahoo", 3, Slow, 60, "max messages per connection", "max message per connection"),
        Rule("yahoo-japan.refused", "yahoo-japan", 2, ReactionEffect.Suspension, 60, "vs98", "tss04", "ipts04"),
        Rule("outlook.blocked", "outlook", 5, ReactionEffect.Suspension, 120, "block list"),
        Rule("outlook.busy", "outlook", 3, Crawl, 15, "server busy"),
        Rule("outlook.very-busy", "outlook", 5, ReactionEffect.Suspension, 30, "server busy"),
        Rule("outlook.connections", "outlook", 2, OneSession, 60, "too many connections", "ib007"),
        Rule("outlook.rate", "outlook", 3, ReactionEffect.Suspension, 30, "rate limited"),
        Rule("apple.later", "apple", 5, ReactionEffect.Suspension, 15, "try again later", "[bs02]"),
        Rule("apple.hcm1", "apple", 3, ReactionEffect.Suspension, 15, "[hcm1"),
        Rule("apple.dbl", "apple", 3, ReactionEffect.Suspension, 240, "[dbl"),
        Rule("comcast.rl0000", "comcast", 2, ReactionEffect.SlowDown("10000/1h"), 120, "rl0000"),
        Rule("mimecast.unavailable", "mimecast", 3, ReactionEffect.Suspension, 30, "internal resource"),
        Rule("orange.connections", "orange", 2, OneSession, 60, "too many connections"),
        Rule("orange.blocked", "orange", 5, ReactionEffect.Suspension, 120, "cloudmark", "spamhaus"),
        Rule("gmx.connections", "gmx", 3, OneSession, 30, "too many connections"),
        Rule("gmx.restrictions", "gmx", 5, Crawl, 60, "policy restrictions"),
        Rule("gmx.violations", "gmx", 5, ReactionEffect.Suspension, 60, "policy violation"),
        Rule("qq.frequency", "qq", 5, ReactionEffect.Suspension, 60, "frequency limited"),
        Rule("netease.spam", "netease", 5, ReactionEffect.Suspension, 15, "dt:spm"),
        Rule("netease.connections", "netease", 2, OneSession, 60, "too many connections"),
        Rule("netease.refused", "netease", 2, ReactionEffect.Suspension, 60, "rp:orq", "hl:itc"),
        Rule("netvigator.messages", "netvigator", 3, ReactionEffect.Suspension, 30, "too many messages"),
    ];

    static ReactionRule Rule(string id, string? provider, int timesAnHour, ReactionEffect effect, int minutes, params string[] words) =>
        new() { Id = id, Provider = provider, Times = timesAnHour, Effect = effect, For = TimeSpan.FromMinutes(minutes), Words = [.. words] };
}
