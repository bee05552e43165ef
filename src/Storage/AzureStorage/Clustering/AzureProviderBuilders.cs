using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Providers;

[assembly: RegisterProvider("AzureTableStorage", "Reminders", "Client", typeof(Orleans.Mail.Storage.AzureStorage.Clustering.NoRemindersBuilder))]

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>Reads <c>Orleans:Clustering</c> where its <c>ProviderType</c> is <c>AzureTableStorage</c>.</summary>
sealed class AzureClusteringProviderBuilder : IProviderBuilder<ISiloBuilder>, IProviderBuilder<IClientBuilder>
{
    public void Configure(ISiloBuilder builder, string? name, IConfigurationSection configurationSection) =>
        builder.UseAzureTableClustering(options => AzureTableSection.Bind(options, configurationSection));

    public void Configure(IClientBuilder builder, string? name, IConfigurationSection configurationSection) =>
        builder.UseAzureTableClustering(options => AzureTableSection.Bind(options, configurationSection));
}

/// <summary>Reads <c>Orleans:Reminders</c> where its <c>ProviderType</c> is <c>AzureTableStorage</c>.</summary>
sealed class AzureReminderProviderBuilder : IProviderBuilder<ISiloBuilder>
{
    public void Configure(ISiloBuilder builder, string? name, IConfigurationSection configurationSection) =>
        builder.UseAzureTableReminders(options => AzureTableSection.Bind(options, configurationSection));
}

/// <summary>Lets silos and clients share one configuration: a client refuses to start when nobody reads <c>Orleans:Reminders</c>, though it has none.</summary>
sealed class NoRemindersBuilder : IProviderBuilder<IClientBuilder>
{
    public void Configure(IClientBuilder builder, string? name, IConfigurationSection configurationSection) { }
}

/// <summary>The keys of the official providers, and those of <see cref="AzureTableOptions"/>.</summary>
static class AzureTableSection
{
    public static void Bind<TOptions>(OptionsBuilder<TOptions> builder, IConfigurationSection section) where TOptions : AzureTableOptions =>
        builder.Configure<IServiceProvider>((options, services) =>
        {
            section.Bind(options);
            if (section["ServiceKey"] is { Length: > 0 } key)
            {
                options.Client = services.GetRequiredKeyedService<TableServiceClient>(key);
                return;
            }

            if (string.IsNullOrEmpty(options.ConnectionString) && section["ConnectionName"] is { Length: > 0 } connection)
                options.ConnectionString = services.GetRequiredService<IConfiguration>().GetConnectionString(connection);
            if (Uri.TryCreate(options.ConnectionString, UriKind.Absolute, out var address) && address.Scheme is "https" or "http")
            {
                options.ServiceUri ??= address;
                options.ConnectionString = null;
            }
        });
}
