using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Orleans.Mail;

/// <summary>Registration of the client.</summary>
public static class MailClientHosting
{
    // What a silo of the service calls its cluster unless told otherwise; a gateway turns away clients of another.
    const string ClusterName = "orleans-mail";

    /// <summary>
    /// Adds <see cref="IMailClient"/> and <see cref="IMailOperations"/> to a process that has an Orleans client, or is a silo. Options come from
    /// <c>OrleansMail:Client</c> and <paramref name="configure"/>, and are checked at start.
    /// </summary>
    public static IServiceCollection AddOrleansMailClient(this IServiceCollection services, Action<MailClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MailClientOptions>, MailClientOptionsValidation>());
        var options = services.AddOptions<MailClientOptions>().ValidateOnStart();
        options.Configure<IServiceProvider>(static (options, provider) => provider.GetService<IConfiguration>()?.GetSection(MailClientOptions.SectionName).Bind(options));
        if (configure is not null) options.Configure(configure);
        services.TryAddSingleton(provider => new MailClient(
            provider.GetRequiredService<IGrainFactory>(),
            provider.GetRequiredService<IOptions<MailClientOptions>>(),
            provider.GetService<TimeProvider>(),
            provider.GetService<ILogger<MailClient>>()));
        services.TryAddSingleton<IMailClient>(provider => provider.GetRequiredService<MailClient>());
        services.TryAddSingleton(provider => provider.GetRequiredService<MailClient>().Operations);
        return services;
    }

    /// <summary>
    /// Adds an Orleans client and <see cref="IMailClient"/>. The cluster is the one of the <c>Orleans</c> section of the configuration or, without
    /// one, a service on this machine.
    /// </summary>
    public static IHostApplicationBuilder AddOrleansMailClient(
        this IHostApplicationBuilder builder,
        Action<MailClientOptions>? configure = null,
        Action<IClientBuilder>? configureClient = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddClusterTlsOptions(builder.Configuration);
        builder.UseOrleansClient(client =>
        {
            (configureClient ?? UseNearbyService)(client);
            if (ClusterTls.Find(client.Configuration) is { } tls) client.UseTls(connections => ClusterTls.Apply(tls, connections));
        });
        builder.Services.AddOrleansMailClient(configure);
        return builder;
    }

    internal static void UseNearbyService(IClientBuilder client)
    {
        if (!client.Configuration.GetSection("Orleans:Clustering").Exists()) client.UseLocalhostClustering(serviceId: ClusterName, clusterId: ClusterName);
    }
}
