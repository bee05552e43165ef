using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Options;

/// <summary>
/// Limits of receiving sites beside the defaults in <see cref="SiteOptions"/>, and rules that react to answers. Configuration section
/// <c>OrleansMail:Shaping</c>. Read again when configuration changes, without a restart.
/// </summary>
/// <remarks>Limits lie over each other in this order: default, provider, site, recipient domain, tenant. A member left out inherits.</remarks>
public sealed class ShapingOptions
{
    public const string Section = "OrleansMail:Shaping";

    /// <summary>Whether the limits known of large providers apply (<see cref="KnownProviders"/>). Default: true.</summary>
    public bool UseKnownProviders { get; set; } = true;

    /// <summary>Whether the reactions known to suit large providers apply (<see cref="KnownReactions"/>). Default: true.</summary>
    public bool UseKnownReactions { get; set; } = true;

    /// <summary>
    /// Mail hosts of providers, by the provider's name: host names, or what they end in (<c>mx.example.net</c> for <c>a.mx.example.net</c>). A name that is
    /// not known yet is a provider of its own; <see cref="Providers"/> and <see cref="Rules"/> may then name it. Default: none beside the known ones.
    /// </summary>
    public IDictionary<string, string[]> ProviderHosts { get; set; } = new Dictionary<string, string[]>(StringComparer.OrdinalIgnoreCase);

    /// <summary>By name of a provider, a known one or one of <see cref="ProviderHosts"/>.</summary>
    public IDictionary<string, SiteLimitsOverride> Providers { get; set; } = new Dictionary<string, SiteLimitsOverride>(StringComparer.OrdinalIgnoreCase);

    /// <summary>By site: the name that statuses show, or <c>host:port</c> of a relay.</summary>
    public IDictionary<string, SiteLimitsOverride> Sites { get; set; } = new Dictionary<string, SiteLimitsOverride>(StringComparer.OrdinalIgnoreCase);

    /// <summary>By recipient domain: Tls, RecipientsPerTransaction, MaxLifetime, GreylistRetry, and a Rate that holds in the whole cluster. What concerns connections is shared by all mail of a site.</summary>
    public IDictionary<string, SiteLimitsOverride> Domains { get; set; } = new Dictionary<string, SiteLimitsOverride>(StringComparer.OrdinalIgnoreCase);

    /// <summary>By tenant: RecipientsPerTransaction, MaxLifetime and GreylistRetry. What a tenant may send in a time is set under <c>OrleansMail:Tenants</c>.</summary>
    public IDictionary<string, SiteLimitsOverride> Tenants { get; set; } = new Dictionary<string, SiteLimitsOverride>(StringComparer.Ordinal);

    /// <summary>Further rules.</summary>
    public IList<ReactionRuleOptions> Rules { get; set; } = [];
}

/// <summary>A rule: an answer, seen so often in a time, has an effect for a while.</summary>
public sealed class ReactionRuleOptions
{
    /// <summary>Names the rule in reactions and in logs.</summary>
    public string Id { get; set; } = "";

    /// <summary>A provider, a known one or one of <see cref="ShapingOptions.ProviderHosts"/>. Default: every site.</summary>
    public string? Provider { get; set; }

    /// <summary>Category of the answer, such as <c>rate-limited</c>. Default: any.</summary>
    public string? Category { get; set; }

    /// <summary>Words of which the reply has one. Default: any reply.</summary>
    public IList<string> Words { get; set; } = [];

    /// <summary>Default: 1.</summary>
    public int Times { get; set; } = 1;

    /// <summary>Default: 1 hour.</summary>
    public TimeSpan Within { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long the effect lasts.</summary>
    public TimeSpan For { get; set; }

    /// <summary>No attempt begins.</summary>
    public bool Suspend { get; set; }

    /// <summary>At most so many messages in a time, such as <c>10/1m</c>.</summary>
    public RateLimit? Rate { get; set; }

    /// <summary>At most so many sessions.</summary>
    public int? MaxSessions { get; set; }

    /// <summary>Mail takes another relay of the pool.</summary>
    public bool OtherRelay { get; set; }

    internal ReactionRule ToRule() => new()
    {
        Id = Id,
        Provider = Provider,
        Category = Category,
        Words = [.. Words],
        Times = Times,
        Within = Within,
        For = For,
        Effect = new ReactionEffect { Suspend = Suspend, Rate = Rate, MaxSessions = MaxSessions, OtherRelay = OtherRelay },
    };
}
