using Microsoft.Extensions.Options;
using Orleans.Clustering.AzureStorage;
using Orleans.Reminders.AzureStorage;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>
/// Microsoft.Orleans.Clustering.AzureStorage and Microsoft.Orleans.Reminders.AzureStorage. The build takes this file with
/// <c>-p:OrleansAzureProviders=Official</c>; those packages bring their own readers of the configuration.
/// </summary>
static class AzureProviders
{
    public static void AddMembership(ISiloBuilder silo) => silo.UseAzureStorageClustering((OptionsBuilder<AzureStorageClusteringOptions> options) =>
        options.Configure<IOptions<AzureMembershipOptions>>((official, own) => (official.TableName, official.TableServiceClient) = (own.Value.TableName, own.Value.OpenService())));

    public static void AddGateways(IClientBuilder client) => client.UseAzureStorageClustering((OptionsBuilder<AzureStorageGatewayOptions> options) =>
        options.Configure<IOptions<AzureMembershipOptions>>((official, own) => (official.TableName, official.TableServiceClient) = (own.Value.TableName, own.Value.OpenService())));

    public static void AddReminders(ISiloBuilder silo) => silo.UseAzureTableReminderService((OptionsBuilder<AzureTableReminderStorageOptions> options) =>
        options.Configure<IOptions<AzureReminderOptions>>((official, own) => (official.TableName, official.TableServiceClient) = (own.Value.TableName, own.Value.OpenService())));
}
