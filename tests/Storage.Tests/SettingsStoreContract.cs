using System.Text;

namespace Orleans.Mail.Storage.Tests;

/// <summary>What every settings store must do for those who decide.</summary>
public abstract class SettingsStoreContract : IAsyncLifetime
{
    protected ISettingsStore Store { get; private set; } = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract ValueTask<ISettingsStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    protected static byte[] Value(string text) => Encoding.UTF8.GetBytes(text);

    protected async Task<string?> TextAsync(string name) =>
        await Store.ReadAsync(name, Token) is { } setting ? Encoding.UTF8.GetString(setting.Value.Span) : null;

    [Fact]
    public async Task ReadAsync_Unknown_IsNull() => Assert.Null(await Store.ReadAsync("order/none", Token));

    [Theory]
    [InlineData("order/1")]
    [InlineData("suppression/t/o'brien+#?/\\%\"@bücher.example")]
    public async Task WriteAsync_New_ReadsBack(string name)
    {
        var version = await Store.WriteAsync(name, Value("one"), null);
        var read = await Store.ReadAsync(name, Token);
        Assert.NotNull(version);
        Assert.Equal((name, version, "one"), (read!.Name, read.Version, Encoding.UTF8.GetString(read.Value.Span)));
    }

    [Fact]
    public async Task WriteAsync_OfTheVersionRead_Replaces()
    {
        var first = await Store.WriteAsync("a", Value("one"), null);
        var second = await Store.WriteAsync("a", Value("two"), first);
        Assert.NotNull(second);
        Assert.NotEqual(first, second);
        Assert.Equal("two", await TextAsync("a"));
    }

    [Fact]
    public async Task WriteAsync_OfAnotherVersion_ChangesNothing()
    {
        var first = await Store.WriteAsync("a", Value("one"), null);
        await Store.WriteAsync("a", Value("two"), first);
        Assert.Null(await Store.WriteAsync("a", Value("three"), first));
        Assert.Null(await Store.WriteAsync("a", Value("three"), null));
        Assert.Null(await Store.WriteAsync("b", Value("three"), first));
        Assert.Null(await Store.WriteAsync("a", Value("three"), "no version of ours"));
        Assert.Equal("two", await TextAsync("a"));
        Assert.Null(await TextAsync("b"));
    }

    [Fact]
    public async Task DeleteAsync_OfTheVersionRead_Removes()
    {
        var version = await Store.WriteAsync("a", Value("one"), null);
        Assert.False(await Store.DeleteAsync("a", "1"));
        Assert.True(await Store.DeleteAsync("a", version!));
        Assert.False(await Store.DeleteAsync("a", version!));
        Assert.Null(await TextAsync("a"));
    }

    [Fact]
    public async Task A_record_made_anew_is_of_another_version()
    {
        var first = await Store.WriteAsync("a", Value("one"), null);
        await Store.DeleteAsync("a", first!);
        await Store.WriteAsync("a", Value("one"), null);
        Assert.Null(await Store.WriteAsync("a", Value("two"), first));
        Assert.False(await Store.DeleteAsync("a", first!));
    }

    [Fact]
    public async Task ListAsync_AnswersThePrefixInOrder_PageByPage()
    {
        foreach (var name in new[] { "order/b", "order/a", "order", "order0", "ordes/a", "order/ü", "order/a/1" }) await Store.WriteAsync(name, Value(name), null);
        string[] expected = ["order/a", "order/a/1", "order/b", "order/ü"];
        Assert.Equal(expected, (await Store.ListAsync("order/", null, 100, Token)).Select(setting => setting.Name));
        var paged = new List<string>();
        while (await Store.ListAsync("order/", paged.LastOrDefault(), 1, Token) is [var next]) paged.Add(next.Name);
        Assert.Equal(expected, paged);
        Assert.Equal(7, (await Store.ListAsync("", null, 100, Token)).Count);
    }

    [Fact]
    public async Task Of_many_who_write_at_once_one_wins()
    {
        var version = await Store.WriteAsync("a", Value("0"), null);
        var results = await Task.WhenAll(Enumerable.Range(1, 50).Select(number => Store.WriteAsync("a", Value($"{number}"), version)));
        var winner = Assert.Single(results, result => result is not null);
        var stored = (await Store.ReadAsync("a", Token))!;
        Assert.Equal(winner, stored.Version);
        Assert.Equal($"{Array.IndexOf(results, winner) + 1}", Encoding.UTF8.GetString(stored.Value.Span));
    }

    [Fact]
    public async Task WriteAsync_TooLong_IsRefused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.WriteAsync(new string('a', Setting.MaxNameBytes + 1), Value("x"), null));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.WriteAsync("a", new byte[Setting.MaxValueBytes + 1], null));
        Assert.NotNull(await Store.WriteAsync(new string('a', Setting.MaxNameBytes), new byte[Setting.MaxValueBytes], null));
    }
}
