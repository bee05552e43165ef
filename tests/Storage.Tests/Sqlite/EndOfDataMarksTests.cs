using Orleans.Mail.Storage.Sqlite;

namespace Orleans.Mail.Storage.Tests.Sqlite;

public sealed class EndOfDataMarksTests : IAsyncDisposable
{
    readonly SqliteFixture fixture = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    string MarksPath => Path.Combine(fixture.Folder, "marks.bin");

    public ValueTask DisposeAsync() => fixture.CloseAsync();

    [Fact]
    public async Task ReadMark_AfterReopening_TellsSentFromNotSent()
    {
        var shard = await OpenWithMessagesAsync();
        var epoch = shard.Epoch;
        shard.MarkEndOfData(SqliteSpoolTests.Id(1), 3);
        shard.MarkEndOfData(SqliteSpoolTests.Id(2), 1);
        shard.ClearMark(SqliteSpoolTests.Id(2), 1);
        shard = await ReopenAsync();
        Assert.Equal(EndOfDataMark.Sent, shard.ReadMark(SqliteSpoolTests.Id(1), 3, epoch));
        Assert.Equal(EndOfDataMark.NotSent, shard.ReadMark(SqliteSpoolTests.Id(1), 4, epoch));
        Assert.Equal(EndOfDataMark.NotSent, shard.ReadMark(SqliteSpoolTests.Id(2), 1, epoch));
    }

    [Fact]
    public async Task ReadMark_FileLost_IsUnknownForEarlierEpochs()
    {
        var shard = await OpenWithMessagesAsync();
        var epoch = shard.Epoch;
        await fixture.CloseAsync();
        File.Delete(MarksPath);
        shard = await fixture.Open().OpenShardAsync(0, Token);
        Assert.Equal(EndOfDataMark.Unknown, shard.ReadMark(SqliteSpoolTests.Id(1), 1, epoch));
        Assert.Equal(EndOfDataMark.NotSent, shard.ReadMark(SqliteSpoolTests.Id(1), 1, shard.Epoch));
    }

    [Fact]
    public async Task ReadMark_MachineRestarted_IsUnknownEvenForMarks()
    {
        await OpenWithMessagesAsync();
        await fixture.CloseAsync();
        using var database = Database.Open(fixture.DatabasePath, create: false);
        var path = Path.Combine(fixture.Folder, "other.bin");
        using (var before = new EndOfDataMarks(path, 4, bootId: 1))
        {
            before.Check(database);
            before.Opened(0, 2);
            before.Mark(0, SqliteSpoolTests.Id(1), 1);
            Assert.Equal(EndOfDataMark.Sent, before.Read(0, SqliteSpoolTests.Id(1), 1, 2));
        }

        database.Execute("UPDATE shard SET epoch = 2 WHERE number = 0");
        using (var same = new EndOfDataMarks(path, 4, bootId: 1))
        {
            same.Check(database);
            Assert.Equal(EndOfDataMark.Sent, same.Read(0, SqliteSpoolTests.Id(1), 1, 2));
        }

        using var after = new EndOfDataMarks(path, 4, bootId: 2);
        after.Check(database);
        Assert.Equal(EndOfDataMark.Unknown, after.Read(0, SqliteSpoolTests.Id(1), 1, 2));
        Assert.Equal(EndOfDataMark.Unknown, after.Read(0, SqliteSpoolTests.Id(2), 1, 2));
        Assert.Equal(EndOfDataMark.NotSent, after.Read(0, SqliteSpoolTests.Id(2), 1, 3));
    }

    [Fact]
    public async Task ReadMark_OlderDatabasePutBack_IsUnknown()
    {
        var shard = await OpenWithMessagesAsync();
        await fixture.CloseAsync();
        var backup = await File.ReadAllBytesAsync(fixture.DatabasePath, Token);
        shard = await ReopenAsync();
        var epoch = shard.Epoch;
        shard = await ReopenAsync();
        await fixture.CloseAsync();
        await File.WriteAllBytesAsync(fixture.DatabasePath, backup, Token);
        shard = await fixture.Open().OpenShardAsync(0, Token);
        Assert.Equal(EndOfDataMark.Unknown, shard.ReadMark(SqliteSpoolTests.Id(1), 1, 1));
        Assert.Equal(epoch, shard.Epoch);
    }

    [Fact]
    public async Task MarkEndOfData_TableFull_AnswersUnknownUntilTheNextEpoch()
    {
        var shard = await OpenWithMessagesAsync();
        for (var i = 0; i < EndOfDataMarks.SlotCount * 5 / 4; i++) shard.MarkEndOfData(SqliteSpoolTests.Id(i), 1);
        Assert.Equal(EndOfDataMark.Sent, shard.ReadMark(SqliteSpoolTests.Id(0), 1, shard.Epoch));
        Assert.Equal(EndOfDataMark.Unknown, shard.ReadMark(SqliteSpoolTests.Id(0), 2, shard.Epoch));
        var epoch = shard.Epoch;
        shard = await ReopenAsync();
        Assert.Equal(EndOfDataMark.Sent, shard.ReadMark(SqliteSpoolTests.Id(1), 1, epoch));
        Assert.Equal(EndOfDataMark.Unknown, shard.ReadMark(SqliteSpoolTests.Id(1), 2, epoch));
        Assert.Equal(EndOfDataMark.NotSent, shard.ReadMark(SqliteSpoolTests.Id(1), 2, shard.Epoch));
    }

    [Fact]
    public async Task MarkEndOfData_IsInTheFileWithoutClosing()
    {
        var shard = await OpenWithMessagesAsync();
        shard.MarkEndOfData(SqliteSpoolTests.Id(1), 1);
        // What a killed process leaves behind is what the kernel holds of the file now.
        var copy = Path.Combine(fixture.Folder, "copy.bin");
        File.Copy(MarksPath, copy);
        var epoch = shard.Epoch;
        await fixture.CloseAsync();
        File.Move(copy, MarksPath, overwrite: true);
        shard = await fixture.Open().OpenShardAsync(0, Token);
        Assert.Equal(EndOfDataMark.Sent, shard.ReadMark(SqliteSpoolTests.Id(1), 1, epoch));
    }

    async Task<ISpoolShard> OpenWithMessagesAsync()
    {
        var shard = await fixture.Open().OpenShardAsync(0, Token);
        await shard.CommitAsync(SqliteSpoolTests.Accept(SqliteSpoolTests.Id(1)));
        await shard.CommitAsync(SqliteSpoolTests.Accept(SqliteSpoolTests.Id(2)));
        return shard;
    }

    async Task<ISpoolShard> ReopenAsync()
    {
        await fixture.CloseAsync();
        return await fixture.Open().OpenShardAsync(0, Token);
    }
}
