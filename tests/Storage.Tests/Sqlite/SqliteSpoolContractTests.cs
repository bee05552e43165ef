namespace Orleans.Mail.Storage.Tests.Sqlite;

public sealed class SqliteSpoolContractTests : SpoolContract
{
    readonly SqliteFixture fixture = new();

    protected override ValueTask<ISpool> OpenSpoolAsync() => ValueTask.FromResult<ISpool>(fixture.Open());

    protected override ValueTask CloseSpoolAsync() => fixture.CloseAsync();
}
