namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>The first that a silo asks of the membership table, once.</summary>
public sealed class AzureMembershipStartTests(TableEmulator emulator)
{
    static readonly TimeSpan JoinTime = TimeSpan.FromMinutes(5);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(nameof(TableFault.Unreachable))]
    [InlineData(nameof(TableFault.Busy))]
    [InlineData(nameof(TableFault.Broken))]
    public async Task A_silo_that_starts_while_the_table_is_away_goes_on_when_it_is_back(string fault)
    {
        var tables = await TestTables.CreateAsync(emulator);
        // So many requests that a call with all its repetitions is over some times.
        tables.Faults.Reset((number, _) => number <= 25 ? Enum.Parse<TableFault>(fault) : TableFault.None);

        await tables.Membership(patience: JoinTime).InitializeMembershipTableAsync(true, Token);

        Assert.Equal(0, (await tables.Membership().ReadAllAsync(Token)).Version.Version);
        Assert.True(tables.Faults.Requests > 25);
    }

    [Fact]
    public async Task A_table_that_stays_away_ends_the_start_when_the_time_to_join_is_over()
    {
        var tables = await TestTables.CreateAsync(emulator);
        tables.Faults.Reset((_, _) => TableFault.Unreachable);

        var failure = await Assert.ThrowsAsync<OrleansException>(() => tables.Membership(patience: TimeSpan.FromMilliseconds(50)).InitializeMembershipTableAsync(true, Token));

        Assert.Contains(tables.Name, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_that_is_told_to_stop_asks_no_more()
    {
        var tables = await TestTables.CreateAsync(emulator);
        using var stopping = new CancellationTokenSource();
        tables.Faults.Reset((number, _) =>
        {
            if (number == 10) stopping.Cancel();
            return TableFault.Unreachable;
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tables.Membership(patience: JoinTime, stopping: stopping.Token).InitializeMembershipTableAsync(true, Token));

        Assert.Equal(10, tables.Faults.Requests);
    }
}
