using System.Collections.Immutable;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Simulation;

/// <summary>Mail to one site, how the site behaves, and how we do. Times count from the start.</summary>
public sealed record Scenario
{
    /// <summary>The mail there is and the mail to come.</summary>
    public ImmutableArray<MailGroup> Mail { get; init; } = [];

    public ReceiverModel Receiver { get; init; } = new();

    public SimulatedPolicy Policy { get; init; } = new();

    /// <summary>What is not final by then is counted as waiting. Default 7 days.</summary>
    public TimeSpan Until { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Everything wrong with it; empty when it can be run.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (Mail.IsDefaultOrEmpty) faults.Add("mail: there is none");
        else
        {
            foreach (var group in Mail.Where(group => group.Count < 1 || group.At < TimeSpan.Zero || group.Over < TimeSpan.Zero || group.Lifetime <= TimeSpan.Zero))
                faults.Add($"mail of {group.Tenant}: count is at least 1, and no time is negative");
            foreach (var category in Mail.SelectMany(group => group.Answers).Select(answer => answer.Category).Distinct().Where(category => !Categories.All.Contains(category)))
                faults.Add($"mail: there is no category {category}");
            if (Mail.Sum(group => (long)Math.Max(0, group.Count)) > 5_000_000) faults.Add("mail: at most 5,000,000 messages");
        }

        if (Until <= TimeSpan.Zero || Until > TimeSpan.FromDays(60)) faults.Add("until: longer than zero, at most 60 days");
        faults.AddRange(Receiver.Faults().Select(fault => "receiver: " + fault));
        faults.AddRange(Policy.Faults().Select(fault => "policy: " + fault));
        return faults;
    }
}

/// <summary>Messages of one sender that come together or spread over a time.</summary>
public sealed record MailGroup
{
    public string Tenant { get; init; } = "default";

    public string? Campaign { get; init; }

    public Priority Priority { get; init; }

    public int Count { get; init; } = 1;

    /// <summary>When the first comes. Default: at the start.</summary>
    public TimeSpan At { get; init; }

    /// <summary>The others follow evenly over this time. Default: all at once.</summary>
    public TimeSpan Over { get; init; }

    /// <summary>Default: 6 hours for High, 72 for Bulk, else 5 days.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>Answers to the first, second, … attempt; after them the receiver answers in its own way. Default: none.</summary>
    public ImmutableArray<AnswerModel> Answers { get; init; } = [];

    internal TimeSpan LifetimeOrDefault => Lifetime ?? Priority switch { Priority.High => TimeSpan.FromHours(6), Priority.Bulk => TimeSpan.FromHours(72), _ => TimeSpan.FromDays(5) };
}

/// <summary>An answer other than the ordinary one.</summary>
public sealed record AnswerModel
{
    /// <summary>Of the messages that get this far. Default: all.</summary>
    public double Share { get; init; } = 1;

    /// <summary>One of <see cref="Categories"/>; <c>delivered</c> accepts.</summary>
    public string Category { get; init; } = Categories.Delivered;

    /// <summary>Whether it is for ever. Default: it is not.</summary>
    public bool Permanent { get; init; }

    /// <summary>What it says; rules may look for words. Default: nothing.</summary>
    public string Reply { get; init; } = "";

    internal Outcome Outcome => new(
        Category == Categories.Delivered ? OutcomeKind.Delivered : Permanent ? OutcomeKind.Failed : OutcomeKind.Deferred,
        FailureScope.Recipient, Category, "simulated")
    { IsSiteTrouble = Category == Categories.Connection && !Permanent };
}

/// <summary>A time in which the site cannot be talked to.</summary>
public sealed record Outage(TimeSpan From, TimeSpan To);

/// <summary>How the site behaves.</summary>
public sealed record ReceiverModel
{
    /// <summary>From the first command of a message to its answer. Default 50 ms.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>From opening a connection to its readiness. Default 100 ms.</summary>
    public TimeSpan ConnectTime { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Connections above this are answered 421. Default: no limit.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>Messages above this are answered 451, rate-limited. Default: no limit.</summary>
    public RateLimit? Rate { get; init; }

    /// <summary>A message is greylisted until so long after its first attempt. Default: never.</summary>
    public TimeSpan? Greylist { get; init; }

    public ImmutableArray<Outage> Outages { get; init; } = [];

    /// <summary>Other answers, in turn, each to its share of what the ones before left.</summary>
    public ImmutableArray<AnswerModel> Answers { get; init; } = [];

    internal IEnumerable<string> Faults()
    {
        if (Latency <= TimeSpan.Zero || ConnectTime < TimeSpan.Zero) yield return "latency is longer than zero, and connectTime not negative";
        if (MaxConnections < 1) yield return "maxConnections is at least 1";
        if (Outages.Any(outage => outage.To <= outage.From)) yield return "an outage ends after it begins";
        foreach (var answer in Answers)
        {
            if (answer.Share is not (>= 0 and <= 1)) yield return $"the share of {answer.Category} is 0 to 1";
            if (!Categories.All.Contains(answer.Category)) yield return $"there is no category {answer.Category}";
        }
    }
}

/// <summary>How we behave: the service's own defaults, with what is set here in place of them.</summary>
public sealed record SimulatedPolicy
{
    /// <summary>A provider of the built-in table, whose limits and rules apply. Default: none.</summary>
    public string? Provider { get; init; }

    /// <summary>Limits over the provider's or the default ones.</summary>
    public SiteLimitsOverride Limits { get; init; } = new();

    /// <summary>Waits after each attempt. Default: the service's curves.</summary>
    public ImmutableArray<TimeSpan> Backoff { get; init; } = [];

    /// <summary>Rules besides the built-in ones.</summary>
    public ImmutableArray<ReactionRule> Rules { get; init; } = [];

    /// <summary>Whether the built-in rules of the provider, and those for all, apply. Default: yes.</summary>
    public bool KnownRules { get; init; } = true;

    /// <summary>Whether a pace is learned from rate-limited answers. Default: yes.</summary>
    public bool LearnRate { get; init; } = true;

    /// <summary>Whether mail waits for a site that is down and is released when it is back; else each message waits by its own backoff. Default: yes.</summary>
    public bool HoldWhileDown { get; init; } = true;

    /// <summary>Paces of tenants.</summary>
    public IReadOnlyDictionary<string, RateLimit> TenantRates { get; init; } = ImmutableDictionary<string, RateLimit>.Empty;

    /// <summary>Turns of tenants; 1 for others.</summary>
    public IReadOnlyDictionary<string, int> TenantWeights { get; init; } = ImmutableDictionary<string, int>.Empty;

    internal SiteLimits ResolvedLimits => Limits.Over(ShapingTable.Default.Resolve("simulated", ProviderShape is { } shape ? [shape.MxSuffixes[0]] : []));

    internal BackoffCurves Curves => Backoff.IsDefaultOrEmpty ? BackoffCurves.Default : BackoffCurves.Only(new BackoffSchedule(Backoff));

    internal IEnumerable<ReactionRule> AllRules => KnownRules ? ShapingTable.Default.RulesFor(Provider).Concat(Rules) : Rules;

    ProviderShape? ProviderShape => KnownProviders.Shapes.FirstOrDefault(shape => shape.Name == Provider);

    internal IEnumerable<string> Faults()
    {
        if (Provider is not null && ProviderShape is null) yield return $"there is no provider {Provider} in the table";
        for (var i = 0; i < Backoff.Length; i++)
            if (Backoff[i] <= TimeSpan.Zero || (i > 0 && Backoff[i] < Backoff[i - 1])) yield return "each wait of backoff is longer than zero, and no shorter than the one before";
        foreach (var fault in Limits.Faults()) yield return fault;
        var providers = KnownProviders.Shapes.Select(shape => shape.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var fault in ReactionRule.Validate(AllRules, providers)) yield return fault;
    }
}
