using System.Collections.Frozen;
using System.Collections.Immutable;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>The shared limits of this silo's configuration and of the standing orders, kept up to date while it runs.</summary>
sealed class BudgetTable : IDisposable
{
    readonly SoundOptions<TenantLimits> _tenants;
    readonly SoundOptions<CampaignLimits> _campaigns;
    readonly SoundOptions<NoticeOptions> _notices;
    readonly SourceWarmup _sources;
    readonly SiteShaping _shaping;
    readonly StandingOrders _orders;
    Limits _limits;

    public BudgetTable(SoundOptions<TenantLimits> tenants, SoundOptions<CampaignLimits> campaigns, SoundOptions<NoticeOptions> notices, SourceWarmup sources, SiteShaping shaping, StandingOrders orders)
    {
        (_tenants, _campaigns, _notices, _sources, _shaping, _orders) = (tenants, campaigns, notices, sources, shaping, orders);
        _limits = Read(null);
        tenants.Changed += Change;
        campaigns.Changed += Change;
        notices.Changed += Change;
        sources.Changed += Change;
        shaping.Changed += Change;
        orders.Changed += Change;
    }

    /// <summary>Another object after every change of a limit.</summary>
    public object Version => Volatile.Read(ref _limits);

    /// <summary>Told after every change of what it is made of: configuration or orders. On no thread in particular.</summary>
    public event Action? Changed;

    /// <summary>Whether no tenant, no campaign and no domain is named at all.</summary>
    public bool IsEmpty => Volatile.Read(ref _limits) is { Tenants.Count: 0, Campaigns.Count: 0, Domains.Count: 0, Ordered.Count: 0 };

    /// <summary>Key of the budget of a tenant, of one campaign of it, or of a domain.</summary>
    public static string KeyOf(FairKey flow) => flow.Domain is { } domain ? BudgetKeys.OfDomain(domain) : BudgetKeys.OfSender(flow.Tenant, flow.Campaign);

    /// <summary>Whether mail to some domain is.</summary>
    public bool HasApart => Volatile.Read(ref _limits).Apart.Count > 0;

    /// <summary>Whether mail to a domain is counted for itself.</summary>
    public bool IsApart(string? domain) => domain is not null && Volatile.Read(ref _limits) is { Apart.Count: > 0 } limits && limits.Apart.Contains(domain);

    /// <summary>What a budget's key limits now.</summary>
    public BudgetLimit LimitOf(string key, DateTimeOffset now)
    {
        var limits = Volatile.Read(ref _limits);
        var (kind, name) = BudgetKeys.Split(key);
        var configured = kind switch
        {
            "tenant" when limits.Tenants.TryGetValue(name, out var tenant) => new BudgetLimit(tenant.Rate, tenant.DailyQuota, tenant.MaxConcurrent),
            "campaign" when limits.Campaigns.TryGetValue(name, out var campaign) => new BudgetLimit(campaign.Rate, null, null),
            "domain" when limits.Domains.TryGetValue(name, out var rate) => new BudgetLimit(rate, null, null),
            "source" => _sources.LimitOf(name, now),
            "notices" => new BudgetLimit(null, _notices.Current.MostPerDay, null),
            "provider" => new BudgetLimit(null, null, _shaping.Table.ProviderNamed(name.Split('#')[0])?.MaxSessions),
            _ => default,
        };
        return limits.Ordered.TryGetValue(key, out var ordered) ? ordered.Where(one => one.Order.StandsAt(now)).Aggregate(configured, (under, one) => one.Limit.Over(under)) : configured;
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
        _notices.Changed -= Change;
        _sources.Changed -= Change;
        _shaping.Changed -= Change;
        _orders.Changed -= Change;
    }

    void Change()
    {
        Volatile.Write(ref _limits, Read(_limits));
        Changed?.Invoke();
    }

    // Most orders limit none of this: sites with long queues need not count them anew for each.
    Limits Read(Limits? before)
    {
        // The newest last: where two say something different, it counts.
        var ordered = _orders.Book.Orders.Where(order => order.Kind is OrderKind.Limit && OrderedBudget.KeyOf(order.Scope) is not null).OrderBy(order => order.GivenAt)
            .Select(order => new OrderedLimit(order, OrderedBudget.Read(order.Scope, order.Detail).Limit)).ToImmutableArray();
        var origin = new Origin(_tenants.Current, _campaigns.Current, _notices.Current, _sources.Version, _shaping.Table);
        if (before is not null && before.Origin == origin && before.Orders.SequenceEqual(ordered)) return before;
        var domains = _shaping.Table.DomainRates.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        return new Limits(
            origin,
            ordered,
            _tenants.Current.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase),
            _campaigns.Current.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase),
            domains,
            ordered.GroupBy(one => OrderedBudget.KeyOf(one.Order.Scope)!).ToFrozenDictionary(group => group.Key, group => group.ToImmutableArray()),
            domains.Keys.Concat(ordered.Select(one => one.Order.Scope.Domain).OfType<string>()).ToFrozenSet(StringComparer.OrdinalIgnoreCase));
    }

    sealed record OrderedLimit(StandingOrder Order, BudgetLimit Limit);

    // Each another object after a change.
    readonly record struct Origin(object Tenants, object Campaigns, object Notices, object Sources, object Shaping);

    sealed record Limits(
        Origin Origin,
        ImmutableArray<OrderedLimit> Orders,
        FrozenDictionary<string, TenantOptions> Tenants,
        FrozenDictionary<string, CampaignOptions> Campaigns,
        FrozenDictionary<string, RateLimit> Domains,
        FrozenDictionary<string, ImmutableArray<OrderedLimit>> Ordered,
        FrozenSet<string> Apart);
}
