using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

public sealed class AzureReminderTableTests(TableEmulator emulator) : ReminderTableContract
{
    readonly FakeTimeProvider clock = new(new DateTimeOffset(Noon));
    TestTables? tables;

    protected override async ValueTask<IReminderTable> OpenTableAsync(string serviceId)
    {
        tables ??= await TestTables.CreateAsync(emulator);
        return tables.Reminders(serviceId, clock);
    }

    protected override ValueTask CloseTableAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task UpsertRow_WritesTheColumnsOfTheOfficialProvider()
    {
        await Table.UpsertRow(Entry(1, "a/b", Noon.AddMilliseconds(7)));
        var row = Assert.Single(await tables!.RowsAsync());
        var hash = Grain(1).GetUniformHashCode().ToString("X8", null);
        Assert.Equal(
            new SortedDictionary<string, object>
            {
                ["PartitionKey"] = $"service-a_{hash}",
                ["RowKey"] = "message_m1-a_b",
                ["GrainReference"] = "message/m1",
                ["ReminderName"] = "a/b",
                ["ServiceId"] = "service-a",
                ["DeploymentId"] = "blue",
                ["StartAt"] = "2026-05-01 12:00:00.007 GMT",
                ["Period"] = "00:01:00",
                ["GrainRefConsistentHash"] = hash,
            },
            new SortedDictionary<string, object>(row.Where(column => column.Key is not ("odata.etag" or "Timestamp")).ToDictionary()));
    }

    [Fact]
    public async Task Rows_OfTheOfficialProvider_AreRead()
    {
        // As Microsoft.Orleans.Reminders.AzureStorage writes them.
        await tables!.Raw.AddEntityAsync(new TableEntity($"service-a_{Grain(5).GetUniformHashCode():X8}", "message_m5-send_it")
        {
            ["GrainReference"] = "message/m5",
            ["ReminderName"] = "send/it",
            ["ServiceId"] = "service-a",
            ["DeploymentId"] = "another cluster",
            ["StartAt"] = "2026-04-30 23:59:59.999 GMT",
            ["Period"] = "1.02:03:04.5000000",
            ["GrainRefConsistentHash"] = $"{Grain(5).GetUniformHashCode():X8}",
        });
        var row = await Table.ReadRow(Grain(5), "send/it");
        Assert.NotNull(row);
        Assert.Equal((Grain(5), "send/it", new DateTime(2026, 4, 30, 23, 59, 59, 999, DateTimeKind.Utc), new TimeSpan(1, 2, 3, 4, 500)), (row.GrainId, row.ReminderName, row.StartAt, row.Period));
        Assert.Equal(row.ETag, Assert.Single((await Table.ReadRows(7, 7)).Reminders).ETag);
        Assert.True(await Table.RemoveRow(Grain(5), "send/it", row.ETag!));
    }

    [Fact]
    public async Task Rows_ThatNobodyUnderstands_DoNotHideTheOthers()
    {
        await Table.UpsertRow(Entry(1));
        await tables!.Raw.AddEntityAsync(new TableEntity($"service-a_{Grain(2).GetUniformHashCode():X8}", "message_m2-wake")
        {
            ["GrainReference"] = "message/m2",
            ["ReminderName"] = "wake",
            ["ServiceId"] = "service-a",
            ["StartAt"] = "2026",
            ["Period"] = "often",
        });
        Assert.Equal(Grain(1), Assert.Single((await Table.ReadRows(0, 0)).Reminders).GrainId);
    }

    [Fact]
    public async Task ReadRow_OfANameThatSharesItsKey_IsNull()
    {
        await Table.UpsertRow(Entry(1, "a/b"));
        Assert.Null(await Table.ReadRow(Grain(1), "a_b"));
    }

    [Fact]
    public async Task ReadRows_LeavesOutAServiceWhoseNameGoesOn()
    {
        var other = await OpenTableAsync("service-a_5");
        await other.UpsertRow(Entry(1));
        await Table.UpsertRow(Entry(2));
        foreach (var (begin, end) in new[] { (0u, 0u), (0u, uint.MaxValue), (uint.MaxValue, uint.MaxValue - 1) })
            Assert.Equal(Grain(2), Assert.Single((await Table.ReadRows(begin, end)).Reminders).GrainId);
        Assert.Equal(Grain(1), Assert.Single((await other.ReadRows(0, 0)).Reminders).GrainId);
    }

    [Fact]
    public async Task ReadRows_LaterOn_AnswersWhatHasComeNear()
    {
        await Table.UpsertRow(Entry(1, startAt: Noon.AddHours(1)));
        Assert.Empty((await Table.ReadRows(0, 0)).Reminders);
        clock.Advance(TimeSpan.FromMinutes(50));
        Assert.Single((await Table.ReadRows(0, 0)).Reminders);
    }

    [Fact]
    public async Task ReadRows_Range_DoesNotBringFarOffRowsOverTheWire()
    {
        await Table.UpsertRow(Entry(1, startAt: Noon.AddDays(1)));
        var (begin, end) = (Grain(1).GetUniformHashCode() - 1, Grain(1).GetUniformHashCode());
        var filters = new List<string>();
        tables!.Faults.Reset((_, request) =>
        {
            filters.Add(Uri.UnescapeDataString(request.RequestUri!.Query));
            return TableFault.None;
        });
        Assert.Empty((await Table.ReadRows(begin, end)).Reminders);
        Assert.Contains("StartAt le '2026-05-01 12:10:00.000 GMT'", Assert.Single(filters), StringComparison.Ordinal);
    }
}
