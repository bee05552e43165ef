using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Domains;

/// <summary>The limits and rules of this silo's configuration, kept up to date while it runs.</summary>
sealed partial class SiteShaping : IDisposable
{
    readonly SiteOptions _sites;
    readonly DeliveryOptions _delivery;
    readonly ILogger _log;
    readonly IDisposable? _subscription;
    ShapingTable _table;

    public SiteShaping(IOptionsMonitor<ShapingOptions> options, IOptions<SiteOptions> sites, IOptions<DeliveryOptions> delivery, ILogger<SiteShaping> log)
    {
        _sites = sites.Value;
        _delivery = delivery.Value;
        _log = log;
        _table = new ShapingTable(DataOf(options.CurrentValue, _sites, _delivery));
        _subscription = options.OnChange(Change);
    }

    /// <summary>A new instance after every change.</summary>
    public ShapingTable Table => Volatile.Read(ref _table);

    public void Dispose() => _subscription?.Dispose();

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
        Providers = options.UseKnownProviders ? KnownProviders.Shapes : [],
        ByProvider = options.Providers.ToImmutableDictionary(StringComparer.OrdinalIgnoreCase),
        BySite = options.Sites.ToImmutableDictionary(StringComparer.OrdinalIgnoreCase),
        ByDomain = options.Domains.ToImmutableDictionary(StringComparer.OrdinalIgnoreCase),
        ByTenant = options.Tenants.ToImmutableDictionary(StringComparer.Ordinal),
        Rules = [.. options.UseKnownReactions && options.UseKnownProviders ? KnownReactions.Rules : [], .. options.Rules.Select(rule => rule.ToRule())],
    };

    // A faulty change is told and left alone: the limits that hold are sound.
    void Change(ShapingOptions options, string? name)
    {
        var data = DataOf(options, _sites, _delivery);
        var faults = ShapingTable.Validate(data);
        if (faults.Count > 0) LogFaults(_log, string.Join("; ", faults));
        else Volatile.Write(ref _table, new ShapingTable(data));
    }

    [LoggerMessage(1451, LogLevel.Error, "The changed limits are not taken: {Faults}.")]
    static partial void LogFaults(ILogger logger, string faults);
}

sealed class ShapingOptionsValidator(IOptions<SiteOptions> sites, IOptions<DeliveryOptions> delivery) : IValidateOptions<ShapingOptions>
{
    public ValidateOptionsResult Validate(string? name, ShapingOptions options)
    {
        var faults = ShapingTable.Validate(SiteShaping.DataOf(options, sites.Value, delivery.Value));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults.Select(fault => $"{ShapingOptions.Section}: {fault}"));
    }
}
