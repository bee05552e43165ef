using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using Orleans.Mail.Storage.Sqlite;

namespace Orleans.Mail.Storage.Tests.Sqlite;

public sealed class SqliteReminderTableTests : ReminderTableContract
{
    readonly FakeTimeProvider clock = new(new DateTimeOffset(Noon));
    readonly SqliteFixture fixture = new();

    protected override ValueTask<IReminderTable> OpenTableAsync(string serviceId) => ValueTask.FromResult<IReminderTable>(new SqliteReminderTable(
        fixture.Spool ?? fixture.Open(),
        Options.Create(new ClusterOptions { ServiceId = serviceId }),
        Options.Create(new ReminderOptions { ReminderLoadingWindow = TimeSpan.FromMinutes(10) }),
        clock));

    protected override ValueTask CloseTableAsync() => fixture.CloseAsync();

    [Fact]
    public async Task Reopening_KeepsReminders()
    {
        var tag = await Table.UpsertRow(Entry(1));
        await fixture.CloseAsync();
        var table = await OpenTableAsync("service-a");
        Assert.Equal(tag, (await table.ReadRow(Grain(1), "wake"))!.ETag);
        Assert.NotEqual(tag, await table.UpsertRow(Entry(2)));
        Assert.True(await table.RemoveRow(Grain(1), "wake", tag!));
    }

    [Fact]
    public async Task ReadRows_LaterOn_AnswersWhatHasComeNear()
    {
        await Table.UpsertRow(Entry(1, startAt: Noon.AddHours(1)));
        Assert.Empty((await Table.ReadRows(0, 0)).Reminders);
        clock.Advance(TimeSpan.FromMinutes(50));
        Assert.Single((await Table.ReadRows(0, 0)).Reminders);
    }
}
