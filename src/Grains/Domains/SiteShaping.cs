using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Domains;

/// <summary>The limits and rules of this silo's configuration, kept up to date while it runs.</summary>
sealed class SiteShaping : IDisposable
{
    readonly SoundOptions<ShapingOptions> _options;
    readonly SoundOptions<SiteOptions> _sites;
    readonly DeliveryOptions _delivery;
    ShapingTable _table;

    public SiteShaping(SoundOptions<ShapingOptions> options, SoundOptions<SiteOptions> sites, IOptions<DeliveryOptions> delivery)
    {
        _options = options;
        _sites = sites;
        _delivery = delivery.Value;
        _table = new ShapingTable(DataOf(options.Current, sites.Current, _delivery));
        options.Changed += Change;
        sites.Changed += Change;
    }

    /// <summary>A new instance after every change.</summary>
    public ShapingTable Table => Volatile.Read(ref _table);

    /// <summary>What holds for every site that nothing else is said of.</summary>
    public SiteOptions Sites => _sites.Current;

    /// <summary>Told after every change, on no thread in particular.</summary>
    public event Action? Changed;

    public void Dispose()
    {
        _options.Changed -= Change;
        _sites.Changed -= Change;
    }

    public static ShapingData DataOf(ShapingOptions options, SiteOptions sites, DeliveryOptions delivery) => new()
    {
        Default = SiteLimits.Default with
        {
            MaxSessions = sites.MaxSessions,
            InitialSessions = sites.InitialSessions,
            ProbeAfter = sites.ProbeAfter,
            MessagesPerConnection = delivery.MessagesPerConnection,
            ConnectionIdle = delivery.ConnectionIdle,
        },
        Providers = ProvidersOf(options),
        ByProvider = options.Providers.ToImmutableDictionary(StringComparer.OrdinalIgnoreCase),
        BySite = options.Sites.ToImmutableDictionary(StringComparer.OrdinalIgnoreCase),
        ByDomain = options.Domains.ToImmutableDictionary(StringComparer.OrdinalIgnoreCase),
        ByTenant = options.Tenants.ToImmutableDictionary(StringComparer.Ordinal),
        Rules = [.. options.UseKnownReactions && options.UseKnownProviders ? KnownReactions.Rules : [], .. options.Rules.Select(rule => rule.ToRule())],
    };

    static ImmutableArray<ProviderShape> ProvidersOf(ShapingOptions options)
    {
        var known = options.UseKnownProviders ? KnownProviders.Shapes : [];
        var hosts = options.ProviderHosts.ToDictionary(StringComparer.OrdinalIgnoreCase);
        return
        [
            .. known.Select(provider => hosts.Remove(provider.Name, out var more) ? provider with { MxSuffixes = provider.MxSuffixes.AddRange(more) } : provider),
            .. hosts.Select(own => new ProviderShape(own.Key.ToLowerInvariant(), [.. own.Value], new SiteLimitsOverride())),
        ];
    }

    void Change()
    {
        Volatile.Write(ref _table, new ShapingTable(DataOf(_options.Current, _sites.Current, _delivery)));
        Changed?.Invoke();
    }
}

sealed class ShapingOptionsValidator(IOptions<SiteOptions> sites, IOptions<DeliveryOptions> delivery) : IValidateOptions<ShapingOptions>
{
    public ValidateOptionsResult Validate(string? name, ShapingOptions options)
    {
        var faults = ShapingTable.Validate(SiteShaping.DataOf(options, sites.Value, delivery.Value));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults.Select(fault => $"{ShapingOptions.Section}: {fault}"));
    }
}
