using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Dkim;
using Orleans.Mail.Transport.Resolving;
using Orleans.Mail.Transport.Smtp;
using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Transport;

public static class TransportServiceCollectionExtensions
{
    /// <summary>Adds <see cref="ISmtpConnector"/> and <see cref="IMxResolver"/>. The host binds <see cref="TransportOptions.Section"/>, <see cref="ResolverOptions.Section"/> and <see cref="MtaStsOptions.Section"/>; all are checked at start.</summary>
    public static IServiceCollection AddMailTransport(this IServiceCollection services)
    {
        services.AddOptions<TransportOptions>().ValidateOnStart();
        services.AddOptions<ResolverOptions>().ValidateOnStart();
        services.AddOptions<MtaStsOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TransportOptions>, TransportOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ResolverOptions>, ResolverOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MtaStsOptions>, MtaStsOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IAddressGuard, OpenAddressGuard>();
        services.TryAddSingleton<ISmtpConnector, SmtpConnector>();
        services.TryAddSingleton<NameService>();
        services.TryAddSingleton<IMtaSts, MtaSts>();
        services.TryAddSingleton<IDane, Dane>();
        services.TryAddSingleton<IMxResolver, MxResolver>();
        return services.AddMailDkim();
    }

    /// <summary>
    /// Adds <see cref="IContentFinisher"/>. The host binds <see cref="DkimOptions.Section"/> and <see cref="HeaderOptions.Section"/>, and registers an <see cref="IDkimKeyProvider"/> where keys are in neither files nor variables;
    /// options and keys are checked at start.
    /// </summary>
    public static IServiceCollection AddMailDkim(this IServiceCollection services)
    {
        services.AddOptions<DkimOptions>().ValidateOnStart();
        services.AddOptions<HeaderOptions>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DkimOptions>, DkimOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SigningPlanStart>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<SigningPlanReader>();
        services.TryAddSingleton<SigningPlans>();
        services.TryAddSingleton<IContentFinisher, ContentFinisher>();
        return services;
    }
}
