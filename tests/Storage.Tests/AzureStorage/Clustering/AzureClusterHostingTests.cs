using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Mail.Storage.AzureStorage.Clustering;
using Orleans.Messaging;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>Configuration alone brings the providers in, with the keys of the official ones. Nothing here is started.</summary>
public sealed class AzureClusterHostingTests
{
    const string Account = "DefaultEndpointsProtocol=https;AccountName=account;AccountKey=a2V5;EndpointSuffix=core.windows.net";

    [Fact]
    public void Silo_FromConfiguration_HasMembershipAndReminders()
    {
        using var host = Silo(("Clustering:ConnectionString", Account), ("Clustering:TableName", "Members"), ("Reminders:ConnectionString", Account), ("Reminders:MaxRetries", "1"));
        Assert.IsType<AzureMembershipTable>(host.Services.GetRequiredService<IMembershipTable>());
        Assert.IsType<AzureReminderTable>(host.Services.GetRequiredService<IReminderTable>());
        var membership = host.Services.GetRequiredService<IOptions<AzureMembershipOptions>>().Value;
        var reminders = host.Services.GetRequiredService<IOptions<AzureReminderOptions>>().Value;
        Assert.Equal(("Members", 3, Account), (membership.TableName, membership.MaxRetries, membership.ConnectionString));
        Assert.Equal(("OrleansReminders", 1), (reminders.TableName, reminders.MaxRetries));
    }

    [Fact]
    public void Client_FromConfiguration_HasGateways()
    {
        var builder = Builder(("Clustering:ConnectionString", Account));
        builder.UseOrleansClient();
        using var host = builder.Build();
        Assert.IsType<AzureGatewayList>(host.Services.GetRequiredService<IGatewayListProvider>());
        Assert.Equal("OrleansSiloInstances", host.Services.GetRequiredService<IOptions<AzureMembershipOptions>>().Value.TableName);
    }

    [Fact]
    public void Configuration_NamesAConnection()
    {
        using var host = Silo(("Clustering:ConnectionName", "tables"), ("Reminders:ConnectionName", "tables"));
        Assert.Equal("https://account.table.core.windows.net/", host.Services.GetRequiredService<IOptions<AzureMembershipOptions>>().Value.ServiceUri?.AbsoluteUri);
    }

    [Theory]
    [InlineData("Clustering:ServiceUri")]
    [InlineData("Clustering:ConnectionString")]
    public void Configuration_WithAnAddress_UsesTheIdentityOfTheProcess(string key)
    {
        using var host = Silo((key, "https://account.table.core.windows.net"), ("Clustering:ManagedIdentityClientId", "id"), ("Reminders:ConnectionName", "tables"));
        var options = host.Services.GetRequiredService<IOptions<AzureMembershipOptions>>().Value;
        Assert.Equal((null, "id"), (options.ConnectionString, options.ManagedIdentityClientId));
        Assert.Equal("https://account.table.core.windows.net/", options.OpenService().Uri.AbsoluteUri);
        Assert.IsType<AzureMembershipTable>(host.Services.GetRequiredService<IMembershipTable>());
    }

    [Fact]
    public void Configuration_NamesAClientOfTheContainer()
    {
        var client = new TableServiceClient(Account);
        var builder = Builder(("Clustering:ServiceKey", "mine"), ("Reminders:ServiceKey", "mine"));
        builder.Services.AddKeyedSingleton("mine", client);
        builder.UseOrleans();
        using var host = builder.Build();
        Assert.Same(client, host.Services.GetRequiredService<IOptions<AzureMembershipOptions>>().Value.Client);
        Assert.Same(client, host.Services.GetRequiredService<IOptions<AzureReminderOptions>>().Value.OpenService());
    }

    [Fact]
    public void Code_DoesWhatConfigurationDoes()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo
            .UseAzureTableClustering(options => options.ConnectionString = Account)
            .UseAzureTableReminders(options => options.ConnectionString = Account));
        using var host = builder.Build();
        Assert.IsType<AzureMembershipTable>(host.Services.GetRequiredService<IMembershipTable>());
        Assert.IsType<AzureReminderTable>(host.Services.GetRequiredService<IReminderTable>());
    }

    [Fact]
    public void Options_ThatCannotBe_AreAllNamed()
    {
        using var host = Silo(("Clustering:TableName", "1-2"), ("Clustering:MaxRetries", "-1"), ("Clustering:CallTimeout", "00:00:01"), ("Reminders:ConnectionString", Account));
        var error = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IMembershipTable>());
        foreach (var key in new[] { "TableName", "ConnectionString", "MaxRetries", "CallTimeout" })
            Assert.Contains(error.Failures, failure => failure.StartsWith("Orleans:Clustering: ", StringComparison.Ordinal) && failure.Contains(key, StringComparison.Ordinal));
    }

    static IHost Silo(params (string Key, string Value)[] settings)
    {
        var builder = Builder(settings);
        builder.UseOrleans();
        return builder.Build();
    }

    static HostApplicationBuilder Builder(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => $"Orleans:{setting.Key}", setting => (string?)setting.Value));
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Orleans:ClusterId"] = "blue",
            ["Orleans:ServiceId"] = "service",
            ["Orleans:Clustering:ProviderType"] = "AzureTableStorage",
            ["Orleans:Reminders:ProviderType"] = "AzureTableStorage",
            ["ConnectionStrings:tables"] = "https://account.table.core.windows.net/",
        });
        return builder;
    }
}
