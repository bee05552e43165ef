using Orleans.Mail.Storage.Sqlite;

namespace Orleans.Mail.Storage.Tests.Sqlite;

public sealed class SqliteSettingsStoreTests : SettingsStoreContract
{
    readonly SqliteFixture fixture = new();

    protected override ValueTask<ISettingsStore> OpenAsync() => ValueTask.FromResult<ISettingsStore>(new SqliteSettingsStore(fixture.Spool ?? fixture.Open()));

    protected override ValueTask CloseAsync() => fixture.CloseAsync();

    [Fact]
    public async Task Reopening_KeepsSettings()
    {
        var version = await Store.WriteAsync("a", Value("one"), null);
        await fixture.CloseAsync();
        var store = await OpenAsync();
        Assert.Equal(version, (await store.ReadAsync("a", Token))!.Version);
    }

    [Fact]
    public async Task A_spool_of_the_first_schema_learns_to_keep_settings()
    {
        // Nobody can use a first schema any more; opening it so leaves a file of that version.
        await Assert.ThrowsAsync<SpoolUnavailableException>(() => fixture.Open(steps: [SpoolSchema.Steps[0]]).OpenShardAsync(0, Token));
        await fixture.CloseAsync();
        using (var database = Database.Open(fixture.DatabasePath, create: false)) Assert.Equal(1, database.Scalar("SELECT value FROM meta WHERE name = 'schema'"));
        var store = new SqliteSettingsStore(fixture.Open());
        Assert.NotNull(await store.WriteAsync("a", Value("one"), null));
    }
}
