using Orleans.Mail.Storage.AzureStorage.Clustering;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>A write whose answer is lost: the table tells what became of it.</summary>
public sealed class AzureMembershipLostAnswerTests(TableEmulator emulator) : IAsyncLifetime
{
    TestTables tables = null!;
    AzureMembershipTable table = null!;
    MembershipEntry silo = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        tables = await TestTables.CreateAsync(emulator);
        table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        silo = TestTables.Silo();
        Assert.True(await table.InsertRowAsync(silo, new TableVersion(1, (await table.ReadAllAsync(Token)).Version.VersionEtag), Token));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task InsertRow_ThatWasDone_IsDoneOnce()
    {
        var version = (await table.ReadAllAsync(Token)).Version.Next();
        Break(TableFault.LostAnswer);
        Assert.True(await table.InsertRowAsync(TestTables.Silo(), version, Token));
        var data = await table.ReadAllAsync(Token);
        Assert.Equal((2, 2), (data.Version.Version, data.Members.Count));
    }

    [Fact]
    public async Task InsertRow_ThatWasDone_IsTold_WhereNothingIsRepeated()
    {
        var version = (await table.ReadAllAsync(Token)).Version.Next();
        Break(TableFault.LostAnswer);
        Assert.True(await tables.Membership(configure: options => options.MaxRetries = 0).InsertRowAsync(TestTables.Silo(), version, Token));
    }

    [Fact]
    public async Task UpdateRow_ThatWasDone_IsDoneOnce_WhateverHeartbeatCameAfterIt()
    {
        var version = (await table.ReadAllAsync(Token)).Version.Next();
        silo.Status = SiloStatus.Active;
        Break(TableFault.LostAnswer, afterwards: async () =>
        {
            var beat = TestTables.Silo();
            (beat.SiloAddress, beat.IAmAliveTime) = (silo.SiloAddress, silo.IAmAliveTime.AddMinutes(5));
            await tables.Membership().UpdateIAmAliveAsync(beat, Token);
        });
        Assert.True(await table.UpdateRowAsync(silo, "*", version, Token));
        var data = await table.ReadAllAsync(Token);
        Assert.Equal((2, SiloStatus.Active, silo.IAmAliveTime.AddMinutes(5)), (data.Version.Version, data.Members.Single().Item1.Status, data.Members.Single().Item1.IAmAliveTime));
    }

    [Fact]
    public async Task InsertRow_ThatWasDone_IsTold_EvenIfTheTableHasMovedOn()
    {
        var version = (await table.ReadAllAsync(Token)).Version.Next();
        Break(TableFault.LostAnswer, afterwards: async () =>
        {
            var other = tables.Membership();
            Assert.True(await other.InsertRowAsync(TestTables.Silo(), (await other.ReadAllAsync(Token)).Version.Next(), Token));
        });
        Assert.True(await table.InsertRowAsync(TestTables.Silo(), version, Token));
        Assert.Equal(3, (await table.ReadAllAsync(Token)).Version.Version);
    }

    [Fact]
    public async Task InsertRow_ThatNeverArrived_IsRepeated()
    {
        var version = (await table.ReadAllAsync(Token)).Version.Next();
        Break(TableFault.Unreachable);
        Assert.True(await table.InsertRowAsync(TestTables.Silo(), version, Token));
        Assert.Equal(2, (await table.ReadAllAsync(Token)).Version.Version);
    }

    [Fact]
    public async Task InsertRow_ThatNeverArrived_IsRefused_WhenAnotherCameFirst()
    {
        var version = (await table.ReadAllAsync(Token)).Version.Next();
        Break(TableFault.Unreachable, afterwards: async () => Assert.True(await tables.Membership().InsertRowAsync(TestTables.Silo(), version, Token)));
        Assert.False(await table.InsertRowAsync(TestTables.Silo(), version, Token));
        var data = await table.ReadAllAsync(Token);
        Assert.Equal((2, 2), (data.Version.Version, data.Members.Count));
    }

    [Fact]
    public async Task InsertRow_WhoseRequestArrivesLate_IsDoneOnce()
    {
        // The first try seems lost and is repeated; then both arrive, the first one first.
        var version = (await table.ReadAllAsync(Token)).Version.Next();
        var late = TestTables.Silo();
        var writes = 0;
        tables.Faults.Reset((_, request) => IsWrite(request) && ++writes == 1 ? TableFault.Unreachable : TableFault.None);
        tables.Faults.Before = async request =>
        {
            if (!IsWrite(request) || writes != 2) return;
            tables.Faults.Before = null;
            Assert.True(await tables.Membership().InsertRowAsync(late, version, Token));
        };
        Assert.True(await table.InsertRowAsync(late, version, Token));
        var data = await table.ReadAllAsync(Token);
        Assert.Equal((2, 2), (data.Version.Version, data.Members.Count));
    }

    [Fact]
    public async Task InsertRow_WhoseOutcomeCannotBeTold_Throws()
    {
        var version = (await table.ReadAllAsync(Token)).Version.Next();
        tables.Faults.Reset((_, request) => IsWrite(request) ? TableFault.LostAnswer : TableFault.Unreachable);
        await Assert.ThrowsAsync<OrleansException>(() => table.InsertRowAsync(TestTables.Silo(), version, Token));
    }

    static bool IsWrite(HttpRequestMessage request) => request.Method == HttpMethod.Post;

    // The first write only; what happens afterwards happens before anybody learns of it.
    void Break(TableFault fault, Func<Task>? afterwards = null)
    {
        var writes = 0;
        tables.Faults.Reset((_, request) => IsWrite(request) && ++writes == 1 ? fault : TableFault.None);
        tables.Faults.AfterFault = afterwards;
    }
}
