using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Mail.Support;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>Whole silos that know nothing of each other but the tables.</summary>
public sealed class TwoSilosTests(TableEmulator emulator)
{
    static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);
    static readonly string[] Keys = [.. Enumerable.Range(0, 8).Select(i => $"grain-{i}")];

    readonly Ticks ticks = new();
    readonly string suffix = $"{Guid.NewGuid():N}";

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reminders_tick_on_through_the_restart_of_a_silo()
    {
        var first = await StartSiloAsync();
        var second = await StartSiloAsync();
        IHost? third = null;
        try
        {
            await CallFromAClientAsync();
            await ticks.WaitAsync(Keys, null, Token);

            await first.StopAsync(Token);
            ticks.Forget();
            await ticks.WaitAsync(Keys, Address(second), Token);

            third = await StartSiloAsync();
            await second.StopAsync(Token);
            ticks.Forget();
            await ticks.WaitAsync(Keys, Address(third), Token);
        }
        finally
        {
            if (third is not null) await StopAsync(third);
            await StopAsync(second);
            first.Dispose();
        }
    }

    [Fact]
    public async Task Reminders_of_a_silo_that_fell_silent_are_taken_over()
    {
        var first = await StartSiloAsync();
        var second = await StartSiloAsync();
        try
        {
            await CallFromAClientAsync();
            await ticks.WaitAsync(Keys, null, Token);
            // No farewell: its row stays active until the other silo finds out and votes.
            await first.StopAsync(new CancellationToken(canceled: true));
            ticks.Forget();
            await ticks.WaitAsync(Keys, Address(second), Token);
        }
        finally
        {
            await StopAsync(second);
            first.Dispose();
        }
    }

    async Task CallFromAClientAsync()
    {
        var builder = await BuilderAsync();
        builder.UseOrleansClient();
        using var host = builder.Build();
        await host.StartAsync(Token);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        await Task.WhenAll(Keys.Select(key => grains.GetGrain<ITickGrain>(key).StartAsync(Period)));
        await host.StopAsync(Token);
    }

    async Task<IHost> StartSiloAsync()
    {
        var builder = await BuilderAsync();
        var ports = FreePort.Next(2);
        builder.Services.AddSingleton(ticks);
        builder.UseOrleans(silo => silo
            .ConfigureEndpoints(IPAddress.Loopback, ports[0], ports[1])
            .Configure<ReminderOptions>(reminders =>
            {
                reminders.MinimumReminderPeriod = Period;
                reminders.RefreshReminderListPeriod = TimeSpan.FromSeconds(2);
                reminders.ReminderLoadingWindow = TimeSpan.FromSeconds(4);
            })
            .Configure<ClusterMembershipOptions>(membership => membership.TableRefreshTimeout = TimeSpan.FromSeconds(2)));
        var host = builder.Build();
        await host.StartAsync(Token);
        return host;
    }

    async Task<HostApplicationBuilder> BuilderAsync()
    {
        var account = await emulator.ConnectionStringAsync();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Orleans:ClusterId"] = "blue",
            ["Orleans:ServiceId"] = "service",
            ["Orleans:Clustering:ProviderType"] = "AzureTableStorage",
            ["Orleans:Clustering:ConnectionString"] = account,
            ["Orleans:Clustering:TableName"] = $"M{suffix}",
            ["Orleans:Reminders:ProviderType"] = "AzureTableStorage",
            ["Orleans:Reminders:ConnectionString"] = account,
            ["Orleans:Reminders:TableName"] = $"R{suffix}",
        });
        return builder;
    }

    static SiloAddress Address(IHost silo) => silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    static async Task StopAsync(IHost silo)
    {
        await silo.StopAsync(CancellationToken.None);
        silo.Dispose();
    }
}
