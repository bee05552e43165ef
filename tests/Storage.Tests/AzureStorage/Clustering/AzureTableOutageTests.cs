using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Storage.AzureStorage.Clustering;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>A service that is away, slow or silent: every call throws in time, and none answers as if the table were empty.</summary>
public sealed class AzureTableOutageTests(TableEmulator emulator)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData((int)TableFault.Unreachable)]
    [InlineData((int)TableFault.Busy)]
    [InlineData((int)TableFault.Broken)]
    [InlineData((int)TableFault.LostAnswer)]
    [InlineData((int)TableFault.Silent)]
    public async Task Calls_DuringAnOutage_Throw_AndWorkAfterwards(int fault)
    {
        var tables = await TestTables.CreateAsync(emulator);
        var calls = await CallsAsync(tables, options => (options.TryTimeout, options.CallTimeout) = fault == (int)TableFault.Silent
            ? (TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(200))
            : (TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1)));
        foreach (var (name, call) in calls)
        {
            tables.Faults.Reset((_, _) => (TableFault)fault);
            var failure = await Record.ExceptionAsync(call);
            Assert.True(failure is OrleansException, $"{name}: {failure}");
            // Three repetitions; a write that got no answer also asks what became of it.
            Assert.InRange(tables.Faults.Requests, 1, 8);
        }

        tables.Faults.Reset(null);
        var silo = TestTables.Silo();
        Assert.True(await tables.Membership().InsertRowAsync(silo, (await tables.Membership().ReadAllAsync(Token)).Version.Next(), Token));
    }

    [Fact]
    public async Task Calls_WithoutTheTable_Throw()
    {
        var tables = await TestTables.CreateAsync(emulator);
        var calls = await CallsAsync(tables, _ => { });
        await tables.Raw.DeleteAsync(Token);
        foreach (var (name, call) in calls.Where(call => call.Name is not ("initialize" or "start")))
        {
            var failure = await Record.ExceptionAsync(call);
            Assert.True(failure is OrleansException, $"{name}: {failure}");
        }
    }

    [Theory]
    [InlineData((int)TableFault.Unreachable)]
    [InlineData((int)TableFault.Busy)]
    [InlineData((int)TableFault.Broken)]
    public async Task Calls_DuringAShortOutage_AreRepeated(int fault)
    {
        var tables = await TestTables.CreateAsync(emulator);
        foreach (var (name, call) in await CallsAsync(tables, _ => { }))
        {
            tables.Faults.Reset((request, _) => request <= 2 ? (TableFault)fault : TableFault.None);
            var failure = await Record.ExceptionAsync(call);
            Assert.True(failure is null, $"{name}: {failure}");
        }
    }

    [Fact]
    public async Task ReminderTable_Start_WaitsForTheService_AndGivesUpWhenToldTo()
    {
        var tables = await TestTables.CreateAsync(emulator);
        tables.Faults.Reset((_, _) => TableFault.Unreachable);
        var clock = new FakeTimeProvider();
        using var stop = new CancellationTokenSource();
        var abandoned = Table().StartAsync(stop.Token);
        var start = Table().StartAsync(Token);
        await UntilAsync(() => tables.Faults.Requests >= 8);
        Assert.False(abandoned.IsCompleted || start.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        tables.Faults.Reset(null);
        await UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return start.IsCompleted;
        });
        await start;

        // The clock runs away here; the limit of a call must not.
        AzureReminderTable Table() => tables.Reminders("service", clock, configure: options => options.CallTimeout = TimeSpan.FromDays(10));
    }

    [Fact]
    public async Task Calls_ThatAreCancelled_EndAsCancelled()
    {
        var tables = await TestTables.CreateAsync(emulator);
        var table = tables.Membership();
        await table.InitializeMembershipTableAsync(true, Token);
        using var stop = new CancellationTokenSource();
        tables.Faults.Reset((_, _) =>
        {
            stop.Cancel();
            return TableFault.Silent;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.ReadAllAsync(stop.Token));
    }

    static async Task<List<(string Name, Func<Task> Call)>> CallsAsync(TestTables tables, Action<AzureTableOptions> configure)
    {
        var membership = tables.Membership();
        await membership.InitializeMembershipTableAsync(true, Token);
        var silo = TestTables.Silo(SiloStatus.Active);
        Assert.True(await membership.InsertRowAsync(silo, (await membership.ReadAllAsync(Token)).Version.Next(), Token));
        var version = (await membership.ReadAllAsync(Token)).Version;
        var reminders = tables.Reminders("service", TimeProvider.System);
        var grain = GrainId.Create("message", "m1");
        var entry = new ReminderEntry { GrainId = grain, ReminderName = "wake", StartAt = DateTime.UnixEpoch, Period = TimeSpan.FromMinutes(1) };
        var tag = await reminders.UpsertRow(entry, Token);
        membership = tables.Membership(configure: configure);
        reminders = tables.Reminders("service", TimeProvider.System, configure: configure);
        return
        [
            ("initialize", () => membership.InitializeMembershipTableAsync(true, Token)),
            ("read all", () => membership.ReadAllAsync(Token)),
            ("read row", () => membership.ReadRowAsync(silo.SiloAddress, Token)),
            ("heartbeat", () => membership.UpdateIAmAliveAsync(silo, Token)),
            ("clean up", () => membership.CleanupDefunctSiloEntriesAsync(DateTimeOffset.UnixEpoch, Token)),
            ("update", () => membership.UpdateRowAsync(silo, "*", version.Next(), Token)),
            ("insert", () => membership.InsertRowAsync(TestTables.Silo(), version.Next().Next(), Token)),
            ("reminders of a grain", () => reminders.ReadRows(grain, Token)),
            ("reminders of a range", () => reminders.ReadRows(5, 6, Token)),
            ("reminder", () => reminders.ReadRow(grain, "wake", Token)),
            ("upsert", () => reminders.UpsertRow(entry, Token)),
            ("remove", () => reminders.RemoveRow(grain, "wake", tag!, Token)),
        ];
    }

    static async Task UntilAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition()) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, late.Token);
    }
}
