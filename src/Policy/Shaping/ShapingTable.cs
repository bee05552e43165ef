using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>Somebody who receives for many domains, known by the names of the mail hosts.</summary>
/// <param name="Name">Lower case; what rules and overrides call it.</param>
/// <param name="MxSuffixes">Mail hosts of this name, or that end in a dot and this name.</param>
/// <param name="Limits">What is known of its limits.</param>
/// <param name="MaxSessions">Sessions to all its sites together; null where it counts by site.</param>
/// <param name="Source">Where the figures come from.</param>
public sealed record ProviderShape(string Name, ImmutableArray<string> MxSuffixes, SiteLimitsOverride Limits, int? MaxSessions = null, string Source = "configuration");

/// <summary>Data of a <see cref="ShapingTable"/>.</summary>
public sealed record ShapingData
{
    public SiteLimits Default { get; init; } = SiteLimits.Default;

    public ImmutableArray<ProviderShape> Providers { get; init; } = KnownProviders.Shapes;

    /// <summary>By provider name, over the provider's own.</summary>
    public IReadOnlyDictionary<string, SiteLimitsOverride> ByProvider { get; init; } = FrozenDictionary<string, SiteLimitsOverride>.Empty;

    /// <summary>By site key.</summary>
    public IReadOnlyDictionary<string, SiteLimitsOverride> BySite { get; init; } = FrozenDictionary<string, SiteLimitsOverride>.Empty;

    /// <summary>By recipient domain.</summary>
    public IReadOnlyDictionary<string, SiteLimitsOverride> ByDomain { get; init; } = FrozenDictionary<string, SiteLimitsOverride>.Empty;

    public IReadOnlyDictionary<string, SiteLimitsOverride> ByTenant { get; init; } = FrozenDictionary<string, SiteLimitsOverride>.Empty;

    /// <summary>Rules that react to answers.</summary>
    public ImmutableArray<ReactionRule> Rules { get; init; } = KnownReactions.Rules;
}

/// <summary>Limits of every site: default, then provider, site, recipient domain, tenant, each over those before. Immutable.</summary>
public sealed class ShapingTable
{
    readonly ShapingData _data;
    readonly FrozenDictionary<string, ProviderShape> _bySuffix;
    readonly FrozenDictionary<string, SiteLimitsOverride> _byProvider;
    readonly FrozenDictionary<string, SiteLimitsOverride> _bySite;
    readonly FrozenDictionary<string, SiteLimitsOverride> _byDomain;
    readonly FrozenDictionary<string, SiteLimitsOverride> _byTenant;

    /// <exception cref="ArgumentException"><see cref="Validate"/> finds a fault.</exception>
    public ShapingTable(ShapingData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        var faults = Validate(data);
        if (faults.Count > 0) throw new ArgumentException(string.Join("; ", faults), nameof(data));
        _data = data;
        _bySuffix = data.Providers.SelectMany(provider => provider.MxSuffixes.Select(suffix => (suffix, provider)))
            .ToFrozenDictionary(entry => Canonical(entry.suffix), entry => entry.provider, StringComparer.Ordinal);
        _byProvider = data.ByProvider.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _bySite = data.BySite.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _byDomain = data.ByDomain.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _byTenant = data.ByTenant.ToFrozenDictionary(StringComparer.Ordinal);
        HasLifetimes = data.Default.MaxLifetime is not null
            || data.Providers.Select(provider => provider.Limits).Concat(_byProvider.Values).Concat(_bySite.Values).Concat(_byDomain.Values).Concat(_byTenant.Values).Any(limits => limits.MaxLifetime is not null);
    }

    public static ShapingTable Default { get; } = new(new ShapingData());

    /// <summary>Rates by recipient domain, whatever site its mail goes to.</summary>
    public IEnumerable<KeyValuePair<string, RateLimit>> DomainRates =>
        _byDomain.Where(entry => entry.Value.Rate is not null).Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Rate!));

    /// <summary>Whether some mail is tried for another time than the service's.</summary>
    public bool HasLifetimes { get; }

    /// <summary>What applies. Of several hosts' providers the most precisely named one counts.</summary>
    /// <param name="siteKey">Name of the site.</param>
    /// <param name="mxHosts">Its mail hosts, lower case.</param>
    /// <param name="domain">Recipient domain; null for what holds for the whole site.</param>
    /// <param name="tenant">Tenant; null for what holds for all.</param>
    public SiteLimits Resolve(string siteKey, IEnumerable<string> mxHosts, string? domain = null, string? tenant = null)
    {
        var limits = _data.Default;
        if (ProviderOf(mxHosts) is { } provider)
        {
            limits = provider.Limits.Over(limits) with { Provider = provider.Name, ProviderMaxSessions = provider.MaxSessions };
            limits = Lay(_byProvider, provider.Name, limits);
        }

        limits = Lay(_bySite, siteKey, limits);
        limits = Lay(_byDomain, domain, limits);
        return Lay(_byTenant, tenant, limits);
    }

    /// <summary>The rules for a provider's sites, those for everybody among them.</summary>
    public ImmutableArray<ReactionRule> RulesFor(string? provider) =>
        [.. _data.Rules.Where(rule => rule.Provider is null || string.Equals(rule.Provider, provider, StringComparison.OrdinalIgnoreCase))];

    /// <summary>The provider of that name; null where the table has none.</summary>
    public ProviderShape? ProviderNamed(string name) => _data.Providers.FirstOrDefault(provider => string.Equals(provider.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Who runs these mail hosts.</summary>
    public ProviderShape? ProviderOf(IEnumerable<string> mxHosts)
    {
        ArgumentNullException.ThrowIfNull(mxHosts);
        ProviderShape? found = null;
        var length = 0;
        foreach (var host in mxHosts)
            for (var name = Canonical(host); name.Length > length; name = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..])
            {
                if (_bySuffix.TryGetValue(name, out var provider)) (found, length) = (provider, name.Length);
                if (!name.Contains('.', StringComparison.Ordinal)) break;
            }

        return found;
    }

    /// <summary>Every fault of the data; empty when it is sound.</summary>
    public static IReadOnlyList<string> Validate(ShapingData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        var faults = new List<string>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var suffixes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var provider in data.Providers)
        {
            if (!names.Add(provider.Name)) faults.Add($"Provider {provider.Name} is there twice");
            if (provider.MxSuffixes.IsDefaultOrEmpty) faults.Add($"Provider {provider.Name} names no mail host suffix");
            else CheckSuffixes(provider, suffixes, faults);
            if (provider.MaxSessions is < 1 or > 10_000) faults.Add($"Provider {provider.Name}: MaxSessions is {provider.MaxSessions}; it is 1 to 10000");
            faults.AddRange(provider.Limits.Faults().Select(fault => $"Provider {provider.Name}: {fault}"));
        }

        foreach (var name in data.ByProvider.Keys.Where(name => !names.Contains(name))) faults.Add($"Limits are set for provider {name}, which is not in the table");
        foreach (var (kind, overrides) in new[] { ("provider", data.ByProvider), ("site", data.BySite), ("domain", data.ByDomain), ("tenant", data.ByTenant) })
            faults.AddRange(overrides.SelectMany(entry => entry.Value.Faults().Select(fault => $"Limits of {kind} {entry.Key}: {fault}")));
        foreach (var (kind, overrides) in new[] { ("domain", data.ByDomain), ("tenant", data.ByTenant) })
            // A domain's rate is counted for the domain, in the whole cluster, and its TLS is looked at before a connection is shared.
            faults.AddRange(overrides.SelectMany(entry => (kind == "domain" ? entry.Value with { Rate = null, Tls = null } : entry.Value).SharedBySite().Select(name => $"Limits of {kind} {entry.Key}: {name} holds for all mail of a site; set it for the site")));
        faults.AddRange((data.Default.Set with { MaxSessions = data.Default.MaxSessions }).Faults().Select(fault => $"Default limits: {fault}"));
        faults.AddRange(ReactionRule.Validate(data.Rules, names));
        return faults;
    }

    static void CheckSuffixes(ProviderShape provider, Dictionary<string, string> suffixes, List<string> faults)
    {
        foreach (var suffix in provider.MxSuffixes)
        {
            if (!Mailbox.TryParseDomain(suffix, out var name, out _) || name != suffix)
                faults.Add($"Provider {provider.Name}: {suffix} is no host name suffix; it is written in lower case without dots around it");
            else if (!suffixes.TryAdd(suffix, provider.Name))
                faults.Add($"Mail host suffix {suffix} belongs to both {suffixes[suffix]} and {provider.Name}");
        }
    }

    static SiteLimits Lay(FrozenDictionary<string, SiteLimitsOverride> overrides, string? key, SiteLimits limits) =>
        key is not null && overrides.TryGetValue(key, out var found) ? found.Over(limits) : limits;

    static string Canonical(string host) => host.TrimEnd('.').ToLowerInvariant();
}
