namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>Silos that write at the same time.</summary>
public sealed class AzureMembershipRaceTests(TableEmulator emulator)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Twenty_silos_that_join_at_once_get_twenty_versions()
    {
        const int count = 20;
        var tables = await TestTables.CreateAsync(emulator);
        var versions = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => JoinAsync(tables)));
        Assert.Equal(Enumerable.Range(1, count), versions.Order());
        var data = await tables.Membership().ReadAllAsync(Token);
        Assert.Equal((count, count), (data.Version.Version, data.Members.Count));
        Assert.Equal(count, data.Members.Select(member => member.Item1.SiloAddress).Distinct().Count());
        Assert.All((await tables.RowsAsync()).Where(row => row.ContainsKey("MembershipVersion")), row => Assert.Equal($"{count}", row["MembershipVersion"]));
    }

    [Fact]
    public async Task Of_two_writers_of_one_version_one_wins()
    {
        var tables = await TestTables.CreateAsync(emulator);
        await JoinAsync(tables);
        for (var round = 0; round < 10; round++)
        {
            var table = tables.Membership();
            var data = await table.ReadAllAsync(Token);
            var (silo, tag) = data.Members[0];
            var won = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => tables.Membership().UpdateRowAsync(silo, tag, data.Version.Next(), Token)));
            Assert.Single(won, isWinner => isWinner);
            Assert.Equal(data.Version.Version + 1, (await table.ReadAllAsync(Token)).Version.Version);
        }
    }

    // As the membership of Orleans does: read, write, and read again when somebody else was faster.
    static async Task<int> JoinAsync(TestTables tables)
    {
        var table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        var silo = TestTables.Silo();
        while (true)
        {
            var next = (await table.ReadAllAsync(Token)).Version.Next();
            if (await table.InsertRowAsync(silo, next, Token)) return next.Version;
        }
    }
}
