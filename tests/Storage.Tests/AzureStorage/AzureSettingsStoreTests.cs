using System.Text;
using Azure.Core.Pipeline;
using Orleans.Mail.Storage.AzureStorage.Settings;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

namespace Orleans.Mail.Storage.Tests.AzureStorage;

public sealed class AzureSettingsStoreTests(TableEmulator emulator) : SettingsStoreContract
{
    readonly string name = $"s{Guid.NewGuid():N}";
    readonly TableFaults faults = new();

    protected override async ValueTask<ISettingsStore> OpenAsync()
    {
        var options = new AzureSpoolOptions
        {
            ConnectionString = await emulator.ConnectionStringAsync(),
            SettingsTableName = name,
            MaxRetries = 2,
            RetryDelay = TimeSpan.FromMilliseconds(1),
            MaxRetryDelay = TimeSpan.FromMilliseconds(2),
            ConfigureTables = tables => tables.Transport = new HttpClientTransport(new HttpClient(faults, disposeHandler: false)),
        };
        return new AzureSettingsStore(options, TimeProvider.System);
    }

    protected override ValueTask CloseAsync()
    {
        (Store as IDisposable)?.Dispose();
        faults.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("LostAnswer")]
    [InlineData("Busy")]
    [InlineData("Unreachable")]
    public async Task WriteAsync_FirstTryBreaks_IsWrittenOnce(string fault)
    {
        var before = await Store.WriteAsync("a", Value("one"), null);
        Break(fault, writes: 1);
        var version = await Store.WriteAsync("a", Value("two"), before);
        Assert.Equal((version, "two"), ((await Store.ReadAsync("a", Token))!.Version, await TextAsync("a")));
        Break(fault, writes: 1);
        Assert.NotNull(await Store.WriteAsync("b", Value("new"), null));
        Break(fault, writes: 1);
        Assert.True(await Store.DeleteAsync("b", (await Store.ReadAsync("b", Token))!.Version));
        Assert.Null(await TextAsync("b"));
    }

    [Fact]
    public async Task WriteAsync_AnswersStayLost_OutcomeIsUnknown()
    {
        Assert.Null(await TextAsync("a"));
        faults.Reset((_, request) => request.Method == HttpMethod.Get ? TableFault.Unreachable : TableFault.LostAnswer);
        var lost = await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.WriteAsync("a", Value("one"), null));
        Assert.False(lost.OutcomeKnown);
        faults.Reset(null);
        Assert.Equal("one", await TextAsync("a"));
    }

    [Fact]
    public async Task WriteAsync_AnswerLostAndAnotherCameAfter_OutcomeIsUnknown()
    {
        var first = await Store.WriteAsync("a", Value("one"), null);
        var store = await OpenAsync();
        Break("LostAnswer", writes: 1);
        faults.AfterFault = async () =>
        {
            faults.Reset(null);
            Assert.NotNull(await store.WriteAsync("a", Value("another's"), (await store.ReadAsync("a", Token))!.Version));
        };
        Assert.False((await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.WriteAsync("a", Value("mine"), first))).OutcomeKnown);
        Assert.Equal("another's", await TextAsync("a"));
    }

    [Fact]
    public async Task ReadAsync_Unreachable_IsNoAnswer()
    {
        await Store.WriteAsync("a", Value("one"), null);
        faults.Reset((_, _) => TableFault.Unreachable);
        await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.ReadAsync("a", Token));
        await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.ListAsync("", null, 10, Token));
    }

    [Fact]
    public async Task ListAsync_LongNames_KeepTheOrderOfTheirOctets()
    {
        string[] names = [.. new[] { 1, 359, 360, 361, 500, 599 }.SelectMany(length => new[] { "p" + new string('a', length), "p" + new string('a', length - 1) + "z" })];
        foreach (var one in names) await Store.WriteAsync(one, Value("x"), null);
        string[] expected = [.. names.OrderBy(one => one, StringComparer.Ordinal)];
        Assert.Equal(expected, (await Store.ListAsync("p", null, 100, Token)).Select(setting => setting.Name));
        var prefix = "p" + new string('a', 400);
        Assert.Equal(expected.Where(one => one.StartsWith(prefix, StringComparison.Ordinal)), (await Store.ListAsync(prefix, null, 100, Token)).Select(setting => setting.Name));
    }

    [Fact]
    public void Of_ManyNames_KeysSortAsTheirOctetsDo()
    {
        var random = new Random(7);
        var names = Enumerable.Range(0, 2000).Select(_ => new string([.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => "a/#?\\ü\u4e2d~ \0"[random.Next(10)])])).Distinct().ToList();
        var byOctets = names.OrderBy(one => Convert.ToHexString(Encoding.UTF8.GetBytes(one)), StringComparer.Ordinal);
        var byKey = names.OrderBy(one => SettingKey.Of(one).Partition, StringComparer.Ordinal).ThenBy(one => SettingKey.Of(one).Row, StringComparer.Ordinal);
        Assert.Equal(byOctets, byKey);
        Assert.Equal(names.Count, names.Select(SettingKey.Of).Distinct().Count());
    }

    void Break(string fault, int writes)
    {
        var left = writes;
        faults.Reset((_, request) => request.Method != HttpMethod.Get && left-- > 0 ? Enum.Parse<TableFault>(fault) : TableFault.None);
    }
}
