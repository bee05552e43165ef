using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Mail.Storage;
using Orleans.Mail.Storage.AzureStorage.Clustering;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Sqlite;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>What <see cref="SiloStorage"/> decides: where mail, settings, reminders and the membership lie, and how the silo is reached.</summary>
static class SiloPlace
{
    // Clients that are told nothing look for this one.
    const string ClusterName = "orleans-mail";

    public static void AddMailStorage(this IServiceCollection services, IConfiguration configuration, SiloStorage storage)
    {
        if (storage is SiloStorage.Azure)
        {
            services.AddAzureSpool(options => configuration.GetSection(AzureSpoolOptions.Section).Bind(options));
            services.AddAzureSettings();
            return;
        }

        services.AddSqliteSpool(options => configuration.GetSection(SqliteSpoolOptions.Section).Bind(options));
        if (IsGiven(configuration, "Clustering")) services.AddSingleton<IValidateOptions<MailSiloOptions>, LoneSiloValidator>();
    }

    public static void UseMailCluster(this ISiloBuilder silo, IConfiguration configuration, MailSiloOptions settings)
    {
        silo.AddReminders();
        if (settings.Storage is SiloStorage.Azure)
        {
            var account = configuration.GetSection(AzureSpoolOptions.Section).Get<AzureSpoolOptions>() ?? new AzureSpoolOptions();
            if (!IsGiven(configuration, "Clustering")) silo.UseAzureTableClustering((AzureMembershipOptions options) => Use(options, account));
            if (!IsGiven(configuration, "Reminders")) silo.UseAzureTableReminders((AzureReminderOptions options) => Use(options, account));
        }
        else
        {
            if (!IsGiven(configuration, "Clustering")) silo.UseLocalhostClustering(settings.SiloPort, settings.GatewayPort);
            if (!IsGiven(configuration, "Reminders")) silo.Services.AddSqliteReminders();
        }

        silo.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = configuration["Orleans:ClusterId"] ?? ClusterName;
            cluster.ServiceId = configuration["Orleans:ServiceId"] ?? ClusterName;
        });
        silo.Configure<EndpointOptions>(endpoints => Complete(endpoints, configuration.GetSection("Orleans:Endpoints"), settings));
    }

    static bool IsGiven(IConfiguration configuration, string provider) => configuration[$"Orleans:{provider}:ProviderType"] is { Length: > 0 };

    static void Use(AzureTableOptions options, AzureSpoolOptions account)
    {
        options.ConnectionString = account.ConnectionString;
        options.ServiceUri = string.IsNullOrWhiteSpace(account.ConnectionString) ? account.TableEndpoint : null;
        options.ManagedIdentityClientId = account.ManagedIdentityClientId;
    }

    // What Orleans' own section does not give: the ports of ours, on this machine only.
    static void Complete(EndpointOptions endpoints, IConfigurationSection given, MailSiloOptions settings)
    {
        if (given[nameof(endpoints.SiloPort)] is null) endpoints.SiloPort = settings.SiloPort;
        if (given[nameof(endpoints.GatewayPort)] is null) endpoints.GatewayPort = settings.GatewayPort;
        if (given[nameof(endpoints.AdvertisedIPAddress)] is not null) return;
        endpoints.AdvertisedIPAddress = IPAddress.Loopback;
    }

    sealed class LoneSiloValidator : IValidateOptions<MailSiloOptions>
    {
        public ValidateOptionsResult Validate(string? name, MailSiloOptions options) => ValidateOptionsResult.Fail(
            $"Orleans:Clustering is given, and {MailSiloOptions.Section}:{nameof(options.Storage)} is {options.Storage}: a folder serves one silo only. Set {MailSiloOptions.Section}:{nameof(options.Storage)} to {SiloStorage.Azure}, or remove Orleans:Clustering.");
    }
}
