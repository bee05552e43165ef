using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>
/// Puts the cluster's own state into tables of Azure, in code. The configuration does the same: <c>Orleans:Clustering</c> and
/// <c>Orleans:Reminders</c> with <c>ProviderType</c> <c>AzureTableStorage</c>.
/// </summary>
public static class AzureClusterHosting
{
    /// <summary>Silos find each other by a table of Azure.</summary>
    public static ISiloBuilder UseAzureTableClustering(this ISiloBuilder silo, Action<AzureMembershipOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(configure);
        return silo.UseAzureTableClustering(options => options.Configure(configure));
    }

    /// <summary>Clients find the gateways of a cluster by a table of Azure.</summary>
    public static IClientBuilder UseAzureTableClustering(this IClientBuilder client, Action<AzureMembershipOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(configure);
        return client.UseAzureTableClustering(options => options.Configure(configure));
    }

    /// <summary>Reminders are kept in a table of Azure.</summary>
    public static ISiloBuilder UseAzureTableReminders(this ISiloBuilder silo, Action<AzureReminderOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(configure);
        return silo.UseAzureTableReminders(options => options.Configure(configure));
    }

    internal static ISiloBuilder UseAzureTableClustering(this ISiloBuilder silo, Action<OptionsBuilder<AzureMembershipOptions>> configure)
    {
        AddOptions(silo.Services, "Orleans:Clustering", configure);
        AzureProviders.AddMembership(silo);
        return silo;
    }

    internal static IClientBuilder UseAzureTableClustering(this IClientBuilder client, Action<OptionsBuilder<AzureMembershipOptions>> configure)
    {
        AddOptions(client.Services, "Orleans:Clustering", configure);
        AzureProviders.AddGateways(client);
        return client;
    }

    internal static ISiloBuilder UseAzureTableReminders(this ISiloBuilder silo, Action<OptionsBuilder<AzureReminderOptions>> configure)
    {
        AddOptions(silo.Services, "Orleans:Reminders", configure);
        AzureProviders.AddReminders(silo);
        return silo;
    }

    static void AddOptions<TOptions>(IServiceCollection services, string section, Action<OptionsBuilder<TOptions>> configure) where TOptions : AzureTableOptions
    {
        configure(services.AddOptions<TOptions>().ValidateOnStart());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TOptions>, AzureTableOptionsValidator<TOptions>>(_ => new AzureTableOptionsValidator<TOptions>(section)));
        services.TryAddSingleton(TimeProvider.System);
    }
}

sealed class AzureTableOptionsValidator<TOptions>(string section) : IValidateOptions<TOptions> where TOptions : AzureTableOptions
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var faults = options.Faults().Select(fault => $"{section}: {fault}").ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
