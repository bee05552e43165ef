using System.Runtime.CompilerServices;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Spool;

/// <summary>What a silo keeps in memory of the shards that it holds, and of those that it held.</summary>
public sealed class AzureSpoolMemoryTests(TableEmulator emulator) : IDisposable
{
    const int StateBytes = 10_000;

    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    readonly AzureSpoolFixture _fixture = new(emulator);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task What_one_shard_keeps_leaves_less_for_the_others()
    {
        var spool = await SpoolAsync();
        var (first, second) = (await spool.OpenShardAsync(1, Token), await spool.OpenShardAsync(2, Token));
        await first.CommitAsync(Step(1, 1));
        Assert.Equal(0, await ReadsAsync(first, Id(1, 1)));

        for (var number = 1; number <= 10; number++) await second.CommitAsync(Step(2, number));

        Assert.Equal(0, await ReadsAsync(second, Id(2, 10)));
        Assert.Equal(1, await ReadsAsync(first, Id(1, 1)));
    }

    [Fact]
    public async Task A_shard_that_is_held_no_more_leaves_memory()
    {
        var spool = await SpoolAsync();
        var held = Opened(spool);

        Assert.True(SpinWait.SpinUntil(() => IsGone(held), TimeSpan.FromSeconds(30)), "the shard is still in memory");
    }

    static bool IsGone(WeakReference shard)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return !shard.IsAlive;
    }

    // Apart from the test's own locals, which the debugger's builds keep to the end of a method.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static WeakReference Opened(AzureSpool spool)
    {
        var shard = Task.Run(async () =>
        {
            var opened = await spool.OpenShardAsync(1, Token);
            await opened.CommitAsync(Step(1, 1));
            return opened;
        }, Token).GetAwaiter().GetResult();
        return new WeakReference(IndexOf((AzureSpoolShard)shard));
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<index>P")]
    static extern ref ShardIndex IndexOf(AzureSpoolShard shard);

    Task<int> ReadsAsync(ISpoolShard shard, MessageId id) => _fixture.RequestsAsync(async () => Assert.Equal(StateBytes, (await shard.ReadAsync(id, Token))!.State.Length));

    Task<AzureSpool> SpoolAsync() => _fixture.OpenAsync(TimeProvider.System, options => options.CacheBytes = 10 * (StateBytes + 200));

    static MessageId Id(int shard, int number) => new(((UInt128)(uint)number << 16) | (uint)shard);

    static SpoolCommit Step(int shard, int number) => new()
    {
        Id = Id(shard, number),
        ExpectedVersion = 0,
        State = new byte[StateBytes],
        Due = Noon,
        At = Noon,
    };
}
