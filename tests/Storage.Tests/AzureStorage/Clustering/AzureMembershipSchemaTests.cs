using Azure.Data.Tables;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>Row for row what Microsoft.Orleans.Clustering.AzureStorage writes and reads.</summary>
public sealed class AzureMembershipSchemaTests(TableEmulator emulator)
{
    static readonly string[] SiloColumns =
    [
        "Address", "DeploymentId", "FaultZone", "Generation", "HostName", "IAmAliveTime", "InstanceName", "PartitionKey", "Port", "ProxyPort", "RowKey",
        "SiloName", "StartTime", "Status", "SuspectingSilos", "SuspectingTimes", "UpdateZone",
    ];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_HaveTheOfficialColumns_AllOfThemText()
    {
        var tables = await TestTables.CreateAsync(emulator);
        var table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        var silo = TestTables.Silo(SiloStatus.Active);
        var voter = TestTables.Silo().SiloAddress;
        silo.AddSuspector(voter, new DateTime(2026, 5, 1, 13, 0, 0, 1, DateTimeKind.Utc));
        silo.AddSuspector(voter, new DateTime(2026, 5, 1, 13, 0, 2, DateTimeKind.Utc));
        Assert.True(await table.InsertRowAsync(silo, (await table.ReadAllAsync(Token)).Version.Next(), Token));
        var rows = (await tables.RowsAsync()).ToDictionary(row => row.RowKey, Columns);
        var generation = silo.SiloAddress.Generation;
        Assert.Equal(["!Start", $"127.0.0.1-11111-{generation}", "VersionRow", "~End"], rows.Keys.Order(StringComparer.Ordinal));
        foreach (var key in new[] { "VersionRow", "!Start", "~End" })
        {
            Assert.Equal(("blue", "blue", "1"), (rows[key]["PartitionKey"], rows[key]["DeploymentId"], rows[key]["MembershipVersion"]));
            Assert.Equal(key == "VersionRow" ? 4 : 5, rows[key].Count);
        }

        var row = rows[$"127.0.0.1-11111-{generation}"];
        Assert.Equal(SiloColumns, row.Keys.Order(StringComparer.Ordinal));
        Assert.All(row.Values, value => Assert.IsType<string>(value));
        Assert.Equal(("127.0.0.1", "11111", $"{generation}", "Active"), (row["Address"], row["Port"], row["Generation"], row["Status"]));
        Assert.Equal(("30000", "0", "0", "silo", "silo"), (row["ProxyPort"], row["UpdateZone"], row["FaultZone"], row["SiloName"], row["InstanceName"]));
        Assert.Equal(("2026-05-01 12:00:00.000 GMT", "2026-05-01 12:30:00.123 GMT"), (row["StartTime"], row["IAmAliveTime"]));
        Assert.Equal($"{voter.ToParsableString()}|{voter.ToParsableString()}", row["SuspectingSilos"]);
        Assert.Equal("2026-05-01 13:00:00.001 GMT|2026-05-01 13:00:02.000 GMT", row["SuspectingTimes"]);
    }

    [Fact]
    public async Task Rows_WithoutVotesAndRole_HaveEmptyVotesAndNoRole()
    {
        var tables = await TestTables.CreateAsync(emulator);
        var table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        Assert.True(await table.InsertRowAsync(TestTables.Silo(), (await table.ReadAllAsync(Token)).Version.Next(), Token));
        var row = (await tables.RowsAsync()).Single(row => row.ContainsKey("Address"));
        Assert.Equal(("", "", false), (row["SuspectingSilos"], row["SuspectingTimes"], row.ContainsKey("RoleName")));
    }

    [Fact]
    public async Task Rows_OfTheOfficialProvider_AreRead()
    {
        var tables = await TestTables.CreateAsync(emulator);
        await tables.Raw.CreateAsync(Token);
        // As an older official provider leaves them: one version row, nothing around it, empty columns left out, the old name of a column.
        await tables.Raw.AddEntityAsync(new TableEntity("blue", "VersionRow") { ["DeploymentId"] = "blue", ["MembershipVersion"] = "17" }, Token);
        await tables.Raw.AddEntityAsync(new TableEntity("blue", "10.1.2.3-11111-99")
        {
            ["DeploymentId"] = "blue",
            ["Address"] = "10.1.2.3",
            ["Port"] = "11111",
            ["Generation"] = "99",
            ["HostName"] = "machine",
            ["Status"] = "Dead",
            ["ProxyPort"] = "30000",
            ["InstanceName"] = "old name",
            ["UpdateZone"] = "1",
            ["FaultZone"] = "2",
            ["StartTime"] = "2026-04-01 00:00:00.000 GMT",
            ["IAmAliveTime"] = "2026-04-02 00:00:00.500 GMT",
            ["SuspectingSilos"] = "10.1.2.4:11111@98",
            ["SuspectingTimes"] = "2026-04-02 00:01:00.000 GMT",
        }, Token);
        await tables.Raw.AddEntityAsync(new TableEntity("blue", "10.1.2.9-11111-1") { ["DeploymentId"] = "blue", ["Status"] = "Unheard of" }, Token);
        var table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        var data = await table.ReadAllAsync(Token);
        Assert.Equal(17, data.Version.Version);
        var silo = Assert.Single(data.Members).Item1;
        Assert.Equal(("10.1.2.3:11111@99", "machine", "old name", SiloStatus.Dead, 30_000, 1, 2), (silo.SiloAddress.ToParsableString(), silo.HostName, silo.SiloName, silo.Status, silo.ProxyPort, silo.UpdateZone, silo.FaultZone));
        Assert.Equal(new DateTime(2026, 4, 2, 0, 0, 0, 500, DateTimeKind.Utc), silo.IAmAliveTime);
        Assert.Equal(("10.1.2.4:11111@98", new DateTime(2026, 4, 2, 0, 1, 0, DateTimeKind.Utc)), (silo.SuspectTimes!.Single().Item1.ToParsableString(), silo.SuspectTimes!.Single().Item2));
        silo.Status = SiloStatus.Active;
        Assert.True(await table.UpdateRowAsync(silo, data.Members[0].Item2, data.Version.Next(), Token));
        Assert.Equal(18, (await table.ReadAllAsync(Token)).Version.Version);
    }

    [Fact]
    public async Task Rows_OfASiloWithAnAddressOfVersion6_ReadBack()
    {
        var tables = await TestTables.CreateAsync(emulator);
        var table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        var silo = TestTables.Silo();
        silo.SiloAddress = SiloAddress.New(System.Net.IPAddress.Parse("fe80::1:2"), 11_111, 5);
        silo.AddSuspector(silo.SiloAddress, silo.StartTime);
        Assert.True(await table.InsertRowAsync(silo, (await table.ReadAllAsync(Token)).Version.Next(), Token));
        var read = Assert.Single((await table.ReadRowAsync(silo.SiloAddress, Token)).Members).Item1;
        Assert.Equal((silo.SiloAddress, silo.SiloAddress), (read.SiloAddress, read.SuspectTimes!.Single().Item1));
    }

    static Dictionary<string, object> Columns(TableEntity row) => row.Where(column => column.Key is not ("odata.etag" or "Timestamp")).ToDictionary();
}
