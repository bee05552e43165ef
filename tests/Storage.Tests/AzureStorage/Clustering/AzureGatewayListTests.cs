using System.Net;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

public sealed class AzureGatewayListTests(TableEmulator emulator)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetGateways_AnswersActiveSilosWithAPortForClients()
    {
        var tables = await TestTables.CreateAsync(emulator);
        var table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        var silos = Enum.GetValues<SiloStatus>().Select(status => TestTables.Silo(status)).Append(TestTables.Silo(SiloStatus.Active, gatewayPort: 0)).ToList();
        foreach (var silo in silos) Assert.True(await table.InsertRowAsync(silo, (await table.ReadAllAsync(Token)).Version.Next(), Token));
        var gateways = tables.Gateways();
        await gateways.InitializeGatewayListProviderAsync(Token);
        var active = silos.First(silo => silo.Status == SiloStatus.Active).SiloAddress;
        Assert.Equal([SiloAddress.New(IPAddress.Loopback, 30_000, active.Generation).ToGatewayUri()], await gateways.GetGatewaysAsync(Token));
        Assert.True(gateways.IsUpdatable);
        Assert.Equal(TimeSpan.FromMinutes(1), gateways.MaxStaleness);
    }

    [Fact]
    public async Task GetGateways_OfAnotherCluster_AreNone()
    {
        var tables = await TestTables.CreateAsync(emulator);
        var table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        Assert.True(await table.InsertRowAsync(TestTables.Silo(SiloStatus.Active), (await table.ReadAllAsync(Token)).Version.Next(), Token));
        Assert.Empty(await tables.Gateways("green").GetGatewaysAsync(Token));
        Assert.Single(await tables.Gateways().GetGatewaysAsync(Token));
    }

    [Fact]
    public async Task GetGateways_DuringAnOutage_Throws()
    {
        var tables = await TestTables.CreateAsync(emulator);
        var gateways = tables.Gateways();
        await tables.Membership().InitializeMembershipTableAsync(true, Token);
        Assert.Empty(await gateways.GetGatewaysAsync(Token));
        tables.Faults.Reset((_, _) => TableFault.Unreachable);
        await Assert.ThrowsAsync<OrleansException>(() => gateways.GetGatewaysAsync(Token));
    }

    // A client has the right to read, no more: it waits for the silos that make the table.
    [Fact]
    public async Task GetGateways_BeforeTheFirstSilo_ThrowsAndMakesNoTable()
    {
        var gateways = (await TestTables.CreateAsync(emulator)).Gateways();
        await gateways.InitializeGatewayListProviderAsync(Token);
        for (var i = 0; i < 2; i++) Assert.Contains("404", (await Assert.ThrowsAsync<OrleansException>(() => gateways.GetGatewaysAsync(Token))).Message, StringComparison.Ordinal);
    }
}
