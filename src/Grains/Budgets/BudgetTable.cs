using System.Collections.Frozen;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>What is limited by a key; members that are null are not.</summary>
readonly record struct BudgetLimit(RateLimit? Rate, int? DailyQuota, int? MaxConcurrent)
{
    public bool HasTokens => Rate is not null || DailyQuota is not null;

    /// <summary>What the rate leaves between two messages.</summary>
    public TimeSpan Spacing => Rate is { } rate ? TimeSpan.FromSeconds(1 / rate.PerSecond) : TimeSpan.Zero;
}

/// <summary>The shared limits of this silo's configuration, kept up to date while it runs.</summary>
sealed class BudgetTable : IDisposable
{
    readonly SoundOptions<TenantLimits> _tenants;
    readonly SoundOptions<CampaignLimits> _campaigns;
    readonly SourceWarmup _sources;
    readonly SiteShaping _shaping;
    readonly NoticeOptions _notices;
    Limits _limits;

    public BudgetTable(SoundOptions<TenantLimits> tenants, SoundOptions<CampaignLimits> campaigns, SourceWarmup sources, SiteShaping shaping, IOptions<NoticeOptions> notices)
    {
        (_tenants, _campaigns, _sources, _shaping, _notices) = (tenants, campaigns, sources, shaping, notices.Value);
        _limits = Read();
        tenants.Changed += Change;
        campaigns.Changed += Change;
    }

    /// <summary>Another object after every change.</summary>
    public object Version => Volatile.Read(ref _limits);

    /// <summary>Whether no tenant and no campaign is named at all.</summary>
    public bool IsEmpty => Volatile.Read(ref _limits) is { Tenants.Count: 0, Campaigns.Count: 0 };

    /// <summary>Key of the budget of a tenant, or of one campaign of it.</summary>
    public static string KeyOf(FairKey flow) =>
        (flow.Campaign is null ? $"tenant:{flow.Tenant}" : $"campaign:{flow.Tenant}/{flow.Campaign}").ToLowerInvariant();

    public static string SourceKey(string source) => $"source:{source}";

    /// <summary>A provider counts sessions by the address that they come from.</summary>
    public static string ProviderKey(string provider, string? source) => source is null ? $"provider:{provider}" : $"provider:{provider}#{source}";

    /// <summary>Key of what a tenant's senders get in notices.</summary>
    public static string NoticesKey(string tenant) => $"notices:{tenant}".ToLowerInvariant();

    /// <summary>What a budget's key limits now.</summary>
    public BudgetLimit LimitOf(string key, DateTimeOffset now)
    {
        var limits = Volatile.Read(ref _limits);
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        var (kind, name) = (key[..colon], key[(colon + 1)..]);
        return kind switch
        {
            "tenant" when limits.Tenants.TryGetValue(name, out var tenant) => new BudgetLimit(tenant.Rate, tenant.DailyQuota, tenant.MaxConcurrent),
            "campaign" when limits.Campaigns.TryGetValue(name, out var campaign) => new BudgetLimit(campaign.Rate, null, null),
            "source" => _sources.LimitOf(name, now),
            "notices" => new BudgetLimit(null, _notices.MostPerDay, null),
            "provider" => new BudgetLimit(null, null, _shaping.Table.ProviderNamed(name.Split('#')[0])?.MaxSessions),
            _ => default,
        };
    }

    /// <summary>Turns that a tenant, or a campaign of it, takes at a time.</summary>
    public int WeightOf(FairKey key)
    {
        var limits = Volatile.Read(ref _limits);
        if (key.Campaign is null) return limits.Tenants.Count > 0 && limits.Tenants.TryGetValue(key.Tenant, out var tenant) ? tenant.Weight : 1;
        return limits.Campaigns.Count > 0 && limits.Campaigns.TryGetValue($"{key.Tenant}/{key.Campaign}", out var campaign) ? campaign.Weight : 1;
    }

    public void Dispose()
    {
        _tenants.Changed -= Change;
        _campaigns.Changed -= Change;
    }

    void Change() => Volatile.Write(ref _limits, Read());

    Limits Read() => new(_tenants.Current.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase), _campaigns.Current.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase));

    sealed record Limits(FrozenDictionary<string, TenantOptions> Tenants, FrozenDictionary<string, CampaignOptions> Campaigns);
}
