using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Grains.Placement;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Grains.Suppression;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Policy.Submission;
using Orleans.Mail.Storage;
using Orleans.Mail.Transport;
using Orleans.Serialization;

namespace Orleans.Mail.Grains;

/// <summary>Registers the grains and the delivery engine. A spool (<see cref="ISpool"/>) and a transport must be registered beside them.</summary>
public static class GrainsServiceExtensions
{
    /// <summary>Everything that makes a silo deliver mail.</summary>
    public static ISiloBuilder AddMailGrains(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var services = silo.Services;
        services.AddOptions<DeliveryOptions>().BindConfiguration(DeliveryOptions.Section).ValidateOnStart();
        services.AddOptions<SiteOptions>().BindConfiguration(SiteOptions.Section).ValidateOnStart();
        services.AddOptions<SpoolOptions>().BindConfiguration(SpoolOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeliveryOptions>, DeliveryOptionsValidator>();
        services.AddOptions<RoutingOptions>().BindConfiguration(RoutingOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RoutingOptions>, RoutingOptionsValidator>();
        services.AddSingleton<IValidateOptions<SiteOptions>, SiteOptionsValidator>();
        services.AddSingleton<IValidateOptions<SpoolOptions>, SpoolOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddKeyedSingleton(MailClocks.Service, (provider, _) => provider.GetRequiredService<TimeProvider>());
        services.TryAddSingleton<CaptureTarget>();
        services.AddOptions<NoticeOptions>().BindConfiguration(NoticeOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<NoticeOptions>, NoticeOptionsValidator>();
        services.AddOptions<ShapingOptions>().BindConfiguration(ShapingOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ShapingOptions>, ShapingOptionsValidator>();
        services.AddSingleton(typeof(SoundOptions<>));
        services.AddSingleton<SiteShaping>();
        services.AddSingleton<ClusterView>();
        services.AddSingleton<SpoolShards>();
        services.AddSingleton(provider => new TicketDispatcher(
            provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<SiteFinder>(), provider.GetRequiredService<RelayHealth>(), Clock(provider), provider.GetRequiredService<ILogger<TicketDispatcher>>()));
        services.AddSingleton<FarReminders>();
        // The store's exceptions reach other silos by name and text, and clients not at all.
        silo.AddIncomingGrainCallFilter<ClientAnswers>();
        services.Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedNamespacePrefixes.Add(typeof(SpoolUnavailableException).Namespace!));
        // The default of a million cached places would hold a gigabyte of messages that left memory long ago.
        services.Configure<GrainDirectoryOptions>(directory => directory.CacheSize = 20_000);
        // A message grain leaves as soon as it only waits, so that each of several calls at once may meet one that is leaving, and moves on to the next.
        services.Configure<SiloMessagingOptions>(messaging => messaging.MaxForwardCount = Math.Max(messaging.MaxForwardCount, 16));
        services.AddSingleton(provider => new ContentCache(Delivery(provider).ContentCacheBytes));
        AddRouting(services);
        services.AddMailBudgets();
        services.AddSingleton(provider => new SenderTable(provider.GetRequiredService<SoundOptions<TenantLimits>>(), provider.GetRequiredService<IOptions<NoticeOptions>>().Value));
        services.AddSingleton(provider => new SessionServices(
            provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<SpoolShards>(), provider.GetRequiredService<ClusterView>(), provider.GetRequiredService<SiteConnector>(),
            provider.GetRequiredService<DeliveryRouter>(), provider.GetRequiredService<SiteFinder>(), provider.GetRequiredService<TicketDispatcher>(), provider.GetRequiredService<SiteShaping>(),
            provider.GetRequiredService<IOptions<TransportOptions>>().Value, Clock(provider), provider.GetRequiredService<ILogger<SiteSession>>()));
        services.AddSingleton(provider => new DeliveryEngine(
            provider.GetRequiredService<SessionServices>(), Delivery(provider), provider.GetRequiredService<ILogger<DeliveryEngine>>()));
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryEngine>());
        services.AddSingleton(CreateMessageGrainServices);
        services.AddControl();
        services.AddSingleton<OrderCheck>(provider => provider.GetRequiredService<DeliveryRouter>().Problem);
        services.AddSingleton(provider => new QueueCounts(provider.GetRequiredService<SpoolShards>()));
        services.AddSingleton<ShardKeeper>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<ShardKeeper>());
        services.AddSingleton<SiloExit>();
        services.AddHostedService<StorageWatch>();
        services.AddPlacementDirector<ShardPlacementStrategy, ShardPlacementDirector>();
        services.AddPlacementDirector<HashBasedPlacement, SitePlacementDirector>();
        return silo;
    }

    static void AddRouting(IServiceCollection services)
    {
        services.AddMailRouting();
        services.AddSingleton<RoutingTable>();
        services.AddSingleton(provider => new DeliveryRouter(Delivery(provider), provider.GetRequiredService<RoutingTable>(), provider.GetRequiredService<BudgetTable>()));
        services.AddSingleton(provider => new RelayHealth(Clock(provider)));
        services.AddSingleton(provider => new SiteFinder(
            provider.GetRequiredService<DeliveryRouter>(), provider.GetRequiredService<RoutingTable>(), provider.GetRequiredService<RelayHealth>(), provider.GetRequiredService<SourcePool>(),
            provider.GetRequiredService<MxRoutePlanner>(), provider.GetRequiredService<IMxResolver>(), provider.GetRequiredService<StandingOrders>(), Clock(provider), Chance(provider)));
        services.AddSingleton(provider => new SiteConnector(
            provider.GetRequiredService<DeliveryRouter>(), provider.GetRequiredService<RoutingTable>(), provider.GetRequiredService<SourcePool>(), provider.GetRequiredService<SiteShaping>(), provider.GetRequiredService<CaptureTarget>(),
            provider.GetRequiredService<MxRoutePlanner>(), provider.GetRequiredService<ISmtpConnector>(), Memory(provider), Chance(provider)));
    }

    static AddressMemory Memory(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<TransportOptions>>().Value;
        return new AddressMemory(options.DeadAddressMemory, options.MaxDeadAddresses, Clock(provider));
    }

    static MessageGrainServices CreateMessageGrainServices(IServiceProvider provider) => new(
        provider.GetRequiredService<SpoolShards>(),
        provider.GetRequiredService<ClusterView>(),
        provider.GetRequiredService<Serializer<MessageState>>(),
        provider.GetRequiredService<ContentCache>(),
        provider.GetRequiredService<TicketDispatcher>(),
        provider.GetRequiredService<FarReminders>(),
        provider.GetRequiredService<DeliveryRouter>(),
        provider.GetRequiredService<StandingOrders>(),
        provider.GetRequiredService<SuppressionList>(),
        Delivery(provider),
        Backoff(Delivery(provider)),
        provider.GetRequiredService<IContentFinisher>(),
        new NoticeMaker(provider.GetRequiredService<IOptions<NoticeOptions>>().Value),
        provider.GetRequiredService<SenderTable>(),
        provider.GetRequiredService<SiteFinder>(),
        provider.GetRequiredService<BudgetTable>(),
        new MessageLimits(provider.GetRequiredService<SiteShaping>(), provider.GetRequiredService<RoutingTable>(), provider.GetRequiredService<IMxResolver>()),
        provider.GetService<SubmissionLimits>() ?? new SubmissionLimits(),
        Clock(provider),
        Chance(provider));

    static BackoffCurves Backoff(DeliveryOptions options)
    {
        var curves = options.Backoff.Count == 0 ? BackoffCurves.Default : BackoffCurves.Only(new BackoffSchedule(options.Backoff, options.BackoffJitter));
        foreach (var (category, waits) in options.BackoffByCategory) curves = curves.With(category, new BackoffSchedule(waits, options.BackoffJitter));
        return curves;
    }

    static DeliveryOptions Delivery(IServiceProvider provider) => provider.GetRequiredService<IOptions<DeliveryOptions>>().Value;

    static TimeProvider Clock(IServiceProvider provider) => provider.GetRequiredKeyedService<TimeProvider>(MailClocks.Service);

    // Chance is a service, so that a test can seed it.
    static Func<double> Chance(IServiceProvider provider)
    {
        var random = provider.GetService<Random>();
        return random is null ? static () => System.Security.Cryptography.RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30) : random.NextDouble;
    }
}
