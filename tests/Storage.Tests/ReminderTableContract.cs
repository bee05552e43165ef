namespace Orleans.Mail.Storage.Tests;

/// <summary>What every reminder table must do for the reminder service of Orleans.</summary>
public abstract class ReminderTableContract : IAsyncLifetime
{
    protected static readonly DateTime Noon = new(2026, 5, 1, 12, 0, 0, DateTimeKind.Utc);

    protected IReminderTable Table { get; private set; } = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Table = await OpenTableAsync("service-a");
        await Table.StartAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseTableAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens a table of a service; its clock says noon, and its loading window is ten minutes.</summary>
    protected abstract ValueTask<IReminderTable> OpenTableAsync(string serviceId);

    protected abstract ValueTask CloseTableAsync();

    protected static GrainId Grain(int number) => GrainId.Create("message", $"m{number}");

    protected static ReminderEntry Entry(int grain, string name = "wake", DateTime? startAt = null) => new()
    {
        GrainId = Grain(grain),
        ReminderName = name,
        StartAt = startAt ?? Noon,
        Period = TimeSpan.FromMinutes(1),
    };

    [Fact]
    public async Task UpsertRow_NewReminder_ReadsBack()
    {
        var start = Noon.AddMinutes(3).AddMilliseconds(123);
        var tag = await Table.UpsertRow(Entry(1, "a/b #?", start));
        var row = await Table.ReadRow(Grain(1), "a/b #?");
        Assert.NotNull(row);
        Assert.Equal((Grain(1), "a/b #?", start, TimeSpan.FromMinutes(1), tag), (row.GrainId, row.ReminderName, row.StartAt, row.Period, row.ETag));
        Assert.Equal(DateTimeKind.Utc, row.StartAt.Kind);
        Assert.False(string.IsNullOrEmpty(tag));
    }

    [Fact]
    public async Task ReadRow_Unknown_IsNull()
    {
        Assert.Null(await Table.ReadRow(Grain(1), "wake"));
        Assert.Empty((await Table.ReadRows(Grain(1))).Reminders);
    }

    [Fact]
    public async Task UpsertRow_Again_ReplacesAndChangesTheTag()
    {
        var first = await Table.UpsertRow(Entry(1));
        var second = await Table.UpsertRow(Entry(1, startAt: Noon.AddMinutes(9)));
        Assert.NotEqual(first, second);
        Assert.Equal(Noon.AddMinutes(9), Assert.Single((await Table.ReadRows(Grain(1))).Reminders).StartAt);
    }

    [Fact]
    public async Task RemoveRow_OnlyWithTheRightTag()
    {
        var old = await Table.UpsertRow(Entry(1));
        var tag = await Table.UpsertRow(Entry(1));
        Assert.False(await Table.RemoveRow(Grain(1), "wake", old!));
        Assert.False(await Table.RemoveRow(Grain(1), "wake", "nonsense"));
        Assert.False(await Table.RemoveRow(Grain(1), "other", tag!));
        Assert.True(await Table.RemoveRow(Grain(1), "wake", tag!));
        Assert.False(await Table.RemoveRow(Grain(1), "wake", tag!));
        Assert.Null(await Table.ReadRow(Grain(1), "wake"));
        Assert.NotEqual(tag, await Table.UpsertRow(Entry(1)));
    }

    [Fact]
    public async Task ReadRows_OfAGrain_AnswersAllOfItsReminders()
    {
        await Table.UpsertRow(Entry(1, "a"));
        await Table.UpsertRow(Entry(1, "b", Noon.AddYears(1)));
        await Table.UpsertRow(Entry(2, "a"));
        Assert.Equal(["a", "b"], (await Table.ReadRows(Grain(1))).Reminders.Select(row => row.ReminderName).Order());
    }

    [Fact]
    public async Task ReadRows_Range_ExcludesItsBeginAndIncludesItsEnd()
    {
        var hashes = await FillAsync(30);
        var (begin, end) = (hashes[4], hashes[20]);
        await AssertRangeAsync(begin, end, hash => hash > begin && hash <= end, 16);
        await AssertRangeAsync(begin, hashes[5], hash => hash == hashes[5], 1);
    }

    [Fact]
    public async Task ReadRows_RangeThatGoesAround_AnswersBothEnds()
    {
        var hashes = await FillAsync(30);
        var (begin, end) = (hashes[20], hashes[4]);
        await AssertRangeAsync(begin, end, hash => hash > begin || hash <= end, 14);
        await AssertRangeAsync(uint.MaxValue, hashes[0], hash => hash <= hashes[0], 1);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(12345u)]
    [InlineData(uint.MaxValue)]
    public async Task ReadRows_BeginIsEnd_AnswersTheWholeRing(uint place)
    {
        await FillAsync(30);
        await AssertRangeAsync(place, place, _ => true, 30);
    }

    [Fact]
    public async Task ReadRows_Range_LeavesOutWhatStartsAfterTheLoadingWindow()
    {
        await Table.UpsertRow(Entry(1, startAt: Noon.AddDays(-40)));
        await Table.UpsertRow(Entry(2, startAt: Noon.AddMinutes(10)));
        await Table.UpsertRow(Entry(3, startAt: Noon.AddMinutes(10).AddMilliseconds(1)));
        Assert.Equal([Grain(1), Grain(2)], (await Table.ReadRows(0, 0)).Reminders.Select(row => row.GrainId).Order());
        Assert.NotNull(await Table.ReadRow(Grain(3), "wake"));
    }

    [Fact]
    public async Task Services_DoNotSeeEachOther()
    {
        var other = await OpenTableAsync("service-b");
        var tag = await Table.UpsertRow(Entry(1));
        Assert.Null(await other.ReadRow(Grain(1), "wake"));
        Assert.Empty((await other.ReadRows(0, 0)).Reminders);
        Assert.False(await other.RemoveRow(Grain(1), "wake", tag!));
        await other.TestOnlyClearTable();
        Assert.NotNull(await Table.ReadRow(Grain(1), "wake"));
        await Table.TestOnlyClearTable();
        Assert.Null(await Table.ReadRow(Grain(1), "wake"));
    }

    async Task<uint[]> FillAsync(int count)
    {
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => Table.UpsertRow(Entry(i))));
        return [.. Enumerable.Range(0, count).Select(i => Grain(i).GetUniformHashCode()).Order()];
    }

    async Task AssertRangeAsync(uint begin, uint end, Func<uint, bool> expected, int count)
    {
        var found = (await Table.ReadRows(begin, end)).Reminders.Select(row => row.GrainId.GetUniformHashCode()).ToList();
        Assert.Equal(count, found.Count);
        Assert.All(found, hash => Assert.True(expected(hash)));
    }
}
