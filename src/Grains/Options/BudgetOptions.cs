using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Options;

/// <summary>What one tenant may use, in the whole cluster. Configuration section <c>OrleansMail:Tenants:{name}</c>; read again when configuration changes.</summary>
public sealed class TenantOptions
{
    /// <summary>Messages by time, such as <c>1000/1h, burst 100</c>. Default: no limit.</summary>
    public RateLimit? Rate { get; set; }

    /// <summary>Messages in an attempt at once, those that a session has taken ahead among them. Default: no limit.</summary>
    public int? MaxConcurrent { get; set; }

    /// <summary>Messages in a day (UTC). Default: no limit.</summary>
    public int? DailyQuota { get; set; }

    /// <summary>Turns at a site for each turn of a tenant of weight 1. Default: 1.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>Names it may send under, as envelope sender and in the From field: domains, domains with a leading dot for every domain below, addresses. Default: none, which is any.</summary>
    public IList<string> Senders { get; set; } = [];
}

/// <summary>What one campaign may use, in the whole cluster. Configuration section <c>OrleansMail:Campaigns:{tenant}/{name}</c>; read again when configuration changes.</summary>
public sealed class CampaignOptions
{
    /// <summary>Messages by time, such as <c>1000/1h, burst 100</c>. Default: no limit.</summary>
    public RateLimit? Rate { get; set; }

    /// <summary>Turns among the campaigns of its tenant for each turn of one of weight 1. Default: 1.</summary>
    public int Weight { get; set; } = 1;
}

/// <summary>Tenants with limits or a weight of their own, by name. Configuration section <c>OrleansMail:Tenants</c>.</summary>
public sealed class TenantLimits() : Dictionary<string, TenantOptions>(StringComparer.OrdinalIgnoreCase)
{
    public const string Section = "OrleansMail:Tenants";
}

/// <summary>Campaigns with limits or a weight of their own, by tenant and name. Configuration section <c>OrleansMail:Campaigns</c>.</summary>
public sealed class CampaignLimits() : Dictionary<string, CampaignOptions>(StringComparer.OrdinalIgnoreCase)
{
    public const string Section = "OrleansMail:Campaigns";
}

/// <summary>How limits are shared between sites. Configuration section <c>OrleansMail:Budgets</c>.</summary>
public sealed class BudgetOptions
{
    public const string Section = "OrleansMail:Budgets";

    /// <summary>A busy site takes what it may send in about this time at once. Longer means fewer calls and larger bursts. Default: 250 ms.</summary>
    public TimeSpan BlockTime { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a site keeps its share of a limit on concurrency without renewing it, so how long it stays lost when the site's grain dies. Default: 20 seconds.</summary>
    public TimeSpan LeaseTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How often a share is renewed, so how soon another site gets its part. Default: 2 seconds.</summary>
    public TimeSpan RenewEvery { get; set; } = TimeSpan.FromSeconds(2);
}
