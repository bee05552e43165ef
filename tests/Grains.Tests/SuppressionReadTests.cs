using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Mail.Storage;
using Orleans.Mail.Storage.Sqlite;

namespace Orleans.Mail.Grains.Tests;

/// <summary>A suppression list that takes longer to read than an activation may take.</summary>
public sealed class SuppressionReadTests
{
    [Fact]
    public async Task A_long_list_delays_mail_and_no_change_and_is_read_to_its_end()
    {
        var store = new HeldStore();
        await using var cluster = await new MailCluster().StartWithAsync(silo =>
        {
            silo.Services.AddSingleton<ISettingsStore>(provider => store.Around(new SqliteSettingsStore(provider.GetRequiredService<SqliteSpool>())));
            silo.Services.Configure<GrainCollectionOptions>(collection => collection.ActivationTimeout = TimeSpan.FromSeconds(1));
        });
        Assert.Null(await AddAsync(cluster, "old@example.com"));
        store.Hold();
        await cluster.RestartAsync();
        var request = MailCluster.Request("old@example.com");
        await cluster.SubmitAsync(request);

        Assert.Null(await AddAsync(cluster, "new@example.com"));
        Assert.Null(await AddAsync(cluster, "newer@example.com").WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken));
        // Its attempt waits, and questions about it do not.
        Assert.Equal(MailState.Accepted, (await cluster.StatusAsync(request.Id).WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken))!.State);
        Assert.Empty(cluster.Wire.Received);

        store.Release();
        Assert.Equal(MailState.Suppressed, (await cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
        Assert.Empty(cluster.Wire.Received);
        Assert.Equal(1, store.BegunAfterHold);
    }

    static Task<string?> AddAsync(MailCluster cluster, string address) =>
        cluster.Grains.GetGrain<ISuppressionListGrain>(0).AddAsync(new Mail.Suppression { Address = address, Tenant = "t", Reason = "Asked not to be.", Since = default });

    /// <summary>A store whose lists can be held up.</summary>
    sealed class HeldStore
    {
        TaskCompletionSource? _held;
        int _begun;

        /// <summary>Readings of the list that began since it was held.</summary>
        public int BegunAfterHold => Volatile.Read(ref _begun);

        public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _held!.SetResult();

        public ISettingsStore Around(ISettingsStore inner) => new Store(inner, this);

        sealed class Store(ISettingsStore inner, HeldStore holder) : ISettingsStore
        {
            public Task<Setting?> ReadAsync(string name, CancellationToken cancellationToken) => inner.ReadAsync(name, cancellationToken);

            public async Task<IReadOnlyList<Setting>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken)
            {
                if (holder._held is { } held && prefix == Suppression.SuppressionName.Prefix)
                {
                    if (after is null) Interlocked.Increment(ref holder._begun);
                    await held.Task.WaitAsync(cancellationToken);
                }

                return await inner.ListAsync(prefix, after, limit, cancellationToken);
            }

            public Task<string?> WriteAsync(string name, ReadOnlyMemory<byte> value, string? expectedVersion) => inner.WriteAsync(name, value, expectedVersion);

            public Task<bool> DeleteAsync(string name, string expectedVersion) => inner.DeleteAsync(name, expectedVersion);
        }
    }
}
