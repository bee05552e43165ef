using Azure;
using Orleans.Mail.Storage.AzureStorage.Clustering;
using Orleans.Storage;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>What Orleans' documentation asks of a membership table.</summary>
public sealed class AzureMembershipTableTests(TableEmulator emulator) : IAsyncLifetime
{
    TestTables tables = null!;
    AzureMembershipTable table = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        tables = await TestTables.CreateAsync(emulator);
        table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Initialize_Again_KeepsVersionAndRows()
    {
        Assert.Equal(0, (await table.ReadAllAsync(Token)).Version.Version);
        await JoinAsync(TestTables.Silo());
        await tables.Membership().InitializeMembershipTableAsync(true, Token);
        var data = await table.ReadAllAsync(Token);
        Assert.Equal(1, data.Version.Version);
        Assert.Single(data.Members);
    }

    [Fact]
    public async Task Initialize_ManyAtOnce_MakesOneVersion()
    {
        var fresh = await TestTables.CreateAsync(emulator);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => fresh.Membership().InitializeMembershipTableAsync(true, Token)));
        Assert.Equal(["!Start", "VersionRow", "~End"], (await fresh.RowsAsync()).Select(row => row.RowKey).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task InsertRow_ReadsBack_EveryField()
    {
        var silo = TestTables.Silo(SiloStatus.Active);
        silo.RoleName = "role";
        silo.UpdateZone = 3;
        silo.FaultZone = 4;
        silo.AddSuspector(TestTables.Silo().SiloAddress, new DateTime(2026, 5, 1, 13, 0, 0, DateTimeKind.Utc));
        silo.AddSuspector(TestTables.Silo().SiloAddress, new DateTime(2026, 5, 1, 13, 0, 1, 7, DateTimeKind.Utc));
        await JoinAsync(silo);
        var read = Assert.Single((await table.ReadRowAsync(silo.SiloAddress, Token)).Members).Item1;
        Assert.Equal(
            (silo.SiloAddress, silo.HostName, silo.SiloName, silo.Status, silo.ProxyPort, silo.RoleName, silo.UpdateZone, silo.FaultZone, silo.StartTime, silo.IAmAliveTime),
            (read.SiloAddress, read.HostName, read.SiloName, read.Status, read.ProxyPort, read.RoleName, read.UpdateZone, read.FaultZone, read.StartTime, read.IAmAliveTime));
        Assert.Equal(silo.SuspectTimes, read.SuspectTimes);
        Assert.Equal(DateTimeKind.Utc, read.StartTime.Kind);
    }

    [Fact]
    public async Task ReadRow_Unknown_AnswersTheVersionAlone()
    {
        await JoinAsync(TestTables.Silo());
        var data = await table.ReadRowAsync(TestTables.Silo().SiloAddress, Token);
        Assert.Empty(data.Members);
        Assert.Equal(1, data.Version.Version);
    }

    [Fact]
    public async Task InsertRow_OfAKnownSilo_IsRefusedAndChangesNothing()
    {
        var silo = TestTables.Silo();
        await JoinAsync(silo);
        var before = await table.ReadAllAsync(Token);
        Assert.False(await table.InsertRowAsync(silo, before.Version.Next(), Token));
        Assert.Equal(before.Version, (await table.ReadAllAsync(Token)).Version);
    }

    [Fact]
    public async Task InsertRow_WithAnOldVersion_IsRefusedAndChangesNothing()
    {
        var old = (await table.ReadAllAsync(Token)).Version;
        await JoinAsync(TestTables.Silo());
        Assert.False(await table.InsertRowAsync(TestTables.Silo(), old.Next(), Token));
        Assert.Single((await table.ReadAllAsync(Token)).Members);
        Assert.Equal(4, (await tables.RowsAsync()).Count);
    }

    [Fact]
    public async Task UpdateRow_ReplacesTheRowAndStepsTheVersion()
    {
        var silo = TestTables.Silo();
        silo.RoleName = "role";
        await JoinAsync(silo);
        var (data, tag) = await ReadAsync(silo);
        silo.Status = SiloStatus.Active;
        silo.RoleName = null;
        Assert.True(await table.UpdateRowAsync(silo, tag, data.Version.Next(), Token));
        var (after, newTag) = await ReadAsync(silo);
        Assert.Equal(2, after.Version.Version);
        Assert.NotEqual(data.Version.VersionEtag, after.Version.VersionEtag);
        Assert.NotEqual(tag, newTag);
        var read = Assert.Single(after.Members).Item1;
        Assert.Equal((SiloStatus.Active, null), (read.Status, read.RoleName));
    }

    [Fact]
    public async Task UpdateRow_WithAnOldVersion_IsRefused_EvenIfTheContentIsTheSame()
    {
        var silo = TestTables.Silo();
        await JoinAsync(silo);
        var (data, tag) = await ReadAsync(silo);
        silo.Status = SiloStatus.Active;
        Assert.True(await table.UpdateRowAsync(silo, tag, data.Version.Next(), Token));
        Assert.False(await table.UpdateRowAsync(silo, tag, data.Version.Next(), Token));
        Assert.Equal(2, (await table.ReadAllAsync(Token)).Version.Version);
    }

    [Fact]
    public async Task UpdateRow_OfAnUnknownSilo_IsRefusedAndChangesNothing()
    {
        var version = (await table.ReadAllAsync(Token)).Version;
        Assert.False(await table.UpdateRowAsync(TestTables.Silo(), ETag.All.ToString(), version.Next(), Token));
        var data = await table.ReadAllAsync(Token);
        Assert.Equal(version, data.Version);
        Assert.Empty(data.Members);
    }

    [Fact]
    public async Task UpdateIAmAlive_ChangesNothingElse_AndLetsAnUpdateThatReadBeforePass()
    {
        var silo = TestTables.Silo();
        await JoinAsync(silo);
        var (data, tag) = await ReadAsync(silo);
        var beat = TestTables.Silo();
        (beat.SiloAddress, beat.HostName, beat.IAmAliveTime) = (silo.SiloAddress, "other", silo.IAmAliveTime.AddMinutes(1));
        await table.UpdateIAmAliveAsync(beat, Token);
        var (after, _) = await ReadAsync(silo);
        Assert.Equal(data.Version, after.Version);
        var read = Assert.Single(after.Members).Item1;
        Assert.Equal((silo.IAmAliveTime.AddMinutes(1), "host", silo.StartTime), (read.IAmAliveTime, read.HostName, read.StartTime));
        silo.Status = SiloStatus.Active;
        Assert.True(await table.UpdateRowAsync(silo, tag, data.Version.Next(), Token));
    }

    [Fact]
    public async Task CleanupDefunctSiloEntries_RemovesOnlyTheDeadThatDidNotChangeSince()
    {
        var limit = new DateTimeOffset(2026, 5, 1, 12, 45, 0, TimeSpan.Zero);
        foreach (var status in Enum.GetValues<SiloStatus>()) await JoinAsync(TestTables.Silo(status));
        var votedLater = TestTables.Silo(SiloStatus.Dead);
        votedLater.AddSuspector(TestTables.Silo().SiloAddress, limit.UtcDateTime.AddMinutes(1));
        await JoinAsync(votedLater);
        var aliveLater = TestTables.Silo(SiloStatus.Dead);
        aliveLater.IAmAliveTime = limit.UtcDateTime;
        await JoinAsync(aliveLater);
        var before = await table.ReadAllAsync(Token);
        await table.CleanupDefunctSiloEntriesAsync(limit, Token);
        var after = await table.ReadAllAsync(Token);
        Assert.Equal(before.Members.Count - 1, after.Members.Count);
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(
            new[] { votedLater.SiloAddress, aliveLater.SiloAddress }.Order(),
            after.Members.Select(member => member.Item1).Where(member => member.Status == SiloStatus.Dead).Select(member => member.SiloAddress).Order());
    }

    [Fact]
    public async Task DeleteMembershipTableEntries_RemovesThatClusterOnly()
    {
        var green = tables.Membership("green");
        await green.InitializeMembershipTableAsync(true, Token);
        await JoinAsync(TestTables.Silo());
        await table.DeleteMembershipTableEntriesAsync("blue", Token);
        Assert.All(await tables.RowsAsync(), row => Assert.Equal("green", row.PartitionKey));
        Assert.Empty((await green.ReadAllAsync(Token)).Members);
    }

    [Fact]
    public async Task ReadAll_WithoutAVersionRow_Throws()
    {
        await table.DeleteMembershipTableEntriesAsync("blue", Token);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => table.ReadAllAsync(Token));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => table.ReadRowAsync(TestTables.Silo().SiloAddress, Token));
    }

    [Fact]
    public async Task ReadAll_OfManyPages_SeesOneState()
    {
        var silos = Enumerable.Range(0, 8).Select(_ => TestTables.Silo()).ToList();
        foreach (var silo in silos) await JoinAsync(silo);
        var changes = ChangeBetweenPages(silos[0], count: 4);
        var data = await tables.Membership(pageRows: 3).ReadAllAsync(Token);
        Assert.Equal(4, changes());
        Assert.Equal((8, 12), (data.Members.Count, data.Version.Version));
        Assert.Equal("change 4", data.TryGet(silos[0].SiloAddress)!.Item1.HostName);
    }

    [Fact]
    public async Task ReadAll_OfManyPages_ThatChangeAllTheTime_Throws()
    {
        var silos = Enumerable.Range(0, 8).Select(_ => TestTables.Silo()).ToList();
        foreach (var silo in silos) await JoinAsync(silo);
        var changes = ChangeBetweenPages(silos[0], count: int.MaxValue);
        await Assert.ThrowsAsync<InconsistentStateException>(() => tables.Membership(pageRows: 3).ReadAllAsync(Token));
        Assert.InRange(changes(), 5, 50);
    }

    // The first page, with the row, was answered already; the version is in a later page.
    Func<int> ChangeBetweenPages(MembershipEntry silo, int count)
    {
        var changes = 0;
        var isChanging = false;
        tables.Faults.Before = async request =>
        {
            if (isChanging || changes == count || !request.RequestUri!.Query.Contains("NextRowKey", StringComparison.Ordinal)) return;
            isChanging = true;
            var (data, tag) = await ReadAsync(silo);
            silo.HostName = $"change {++changes}";
            Assert.True(await table.UpdateRowAsync(silo, tag, data.Version.Next(), Token));
            isChanging = false;
        };
        return () => changes;
    }

    async Task JoinAsync(MembershipEntry silo) => Assert.True(await table.InsertRowAsync(silo, (await table.ReadAllAsync(Token)).Version.Next(), Token));

    async Task<(MembershipTableData Data, string Tag)> ReadAsync(MembershipEntry silo)
    {
        var data = await table.ReadRowAsync(silo.SiloAddress, Token);
        return (data, Assert.Single(data.Members).Item2);
    }
}
