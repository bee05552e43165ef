using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Storage.AzureStorage.Clustering;
using Orleans.Messaging;

[assembly: RegisterProvider("AzureTableStorage", "Clustering", "Silo", typeof(AzureClusteringProviderBuilder))]
[assembly: RegisterProvider("AzureTableStorage", "Clustering", "Client", typeof(AzureClusteringProviderBuilder))]
[assembly: RegisterProvider("AzureTableStorage", "Reminders", "Silo", typeof(AzureReminderProviderBuilder))]

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>The providers of this repository. The build takes this file or <c>Official.cs</c>.</summary>
static class AzureProviders
{
    public static void AddMembership(ISiloBuilder silo) => silo.Services.AddSingleton<IMembershipTable, AzureMembershipTable>();

    public static void AddGateways(IClientBuilder client) => client.Services.AddSingleton<IGatewayListProvider, AzureGatewayList>();

    public static void AddReminders(ISiloBuilder silo)
    {
        silo.AddReminders();
        silo.Services.AddSingleton<IReminderTable, AzureReminderTable>();
    }
}
