using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Tests;

/// <summary>A message that cannot be read is set aside, and stops nobody.</summary>
public sealed class QuarantineTests : IAsyncLifetime
{
    MailCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await new MailCluster().StartWithAsync(silo => silo.Services.PostConfigure<SpoolOptions>(options =>
    {
        options.SweepInterval = TimeSpan.FromMilliseconds(200);
        options.SweepGrace = TimeSpan.Zero;
    }));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    public async Task An_unreadable_record_is_set_aside_once_and_its_neighbours_leave(string octets)
    {
        var neighbour = MailCluster.Request("ann@example.com") with { SendAt = DateTimeOffset.UtcNow.AddSeconds(3) };
        await _cluster.SubmitAsync(neighbour);
        var bad = MailCluster.Request("bob@example.com");
        await _cluster.RestartAsync((spool, _) => StoreAsync(spool, bad, Convert.FromHexString(octets)));

        var status = await _cluster.StatusAsync(bad.Id, status => status.State == MailState.Quarantined);
        Assert.Equal(0, status.AttemptCount);
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(neighbour.Id, status => status.IsFinal)).State);

        long version = 0;
        await _cluster.RestartAsync(async (spool, _) =>
        {
            var shard = await spool.OpenShardAsync(bad.Id.ShardOf(spool.ShardCount), CancellationToken.None);
            version = (await shard.ReadAsync(bad.Id, CancellationToken.None))!.Version;
            Assert.DoesNotContain(await shard.ReadDueAsync(DateTimeOffset.UtcNow.AddYears(10), null, 100, CancellationToken.None), due => due.Id == bad.Id);
            Assert.DoesNotContain(bad.Id, await shard.ReadAbandonedAsync(null, 100, CancellationToken.None));
        });
        Assert.Equal(MailState.Quarantined, (await _cluster.StatusAsync(bad.Id))!.State);
        Assert.Equal(EventType.Quarantined, Assert.Single(await _cluster.EventsAsync(new EventFilter { MessageId = bad.Id })).Type);
        Assert.DoesNotContain(_cluster.Wire.Received, transaction => transaction.Recipients.Contains("bob@example.com"));
        await _cluster.RestartAsync(async (spool, _) =>
        {
            var shard = await spool.OpenShardAsync(bad.Id.ShardOf(spool.ShardCount), CancellationToken.None);
            Assert.Equal(version, (await shard.ReadAsync(bad.Id, CancellationToken.None))!.Version);
        });
    }

    [Fact]
    public async Task Damaged_content_is_never_sent_and_its_message_is_listed_as_set_aside()
    {
        var request = MailCluster.Request("bob@example.com", body: "canary-content") with { SendAt = DateTimeOffset.UtcNow.AddSeconds(4) };
        await _cluster.SubmitAsync(request);
        await _cluster.RestartAsync((_, folder) =>
        {
            Assert.True(Damage(folder, "canary-content"u8) > 0, "no stored content found to damage");
            return Task.CompletedTask;
        });

        var status = await _cluster.StatusAsync(request.Id, status => status.State == MailState.Quarantined);
        Assert.Equal(0, status.AttemptCount);
        var listed = await _cluster.Grains.GetGrain<ISpoolGrain>(request.Id.ShardOf(4)).ListAsync(new ListQuery(), null, 10);
        Assert.Equal(MailState.Quarantined, Assert.Single(listed.Items).State);
        Assert.Empty(_cluster.Wire.Received);
        Assert.Equal([EventType.Accepted, EventType.Quarantined], (await _cluster.EventsAsync(new EventFilter { MessageId = request.Id })).Select(item => item.Type));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_row_that_cannot_be_read_is_met_once_and_not_at_every_sweep(bool isUnmarkable)
    {
        var bad = MailCluster.Request("bob@example.com") with { SendAt = DateTimeOffset.UtcNow.AddSeconds(2) };
        await _cluster.SubmitAsync(bad);
        (_cluster.Faults.Unreadable, _cluster.Faults.IsUnmarkable) = (bad.Id, isUnmarkable);
        await _cluster.RestartAsync();
        await MailCluster.UntilAsync(() => _cluster.Faults.ReadInVain > 0, "the sweep should have met it");
        // Further sweeps of its shard, as later messages of it show.
        for (var i = 0; i < 3; i++) await NextSweepAsync(bad.Id);
        var message = _cluster.Grains.GetGrain<IMessageGrain>(bad.Id.ToString());
        Assert.Equal(CancelResult.SetAside, await message.CancelAsync("test"));
        Assert.Equal(MailState.Quarantined, (await message.GetStatusAsync())!.State);
        var shard = _cluster.Faults.Opened[bad.Id.ShardOf(4)];
        Assert.Equal(isUnmarkable, (await shard.ReadDueAsync(DateTimeOffset.UtcNow.AddYears(10), null, 100, CancellationToken.None)).Any(due => due.Id == bad.Id));
        // Met by the sweep, and perhaps once more by the calls of this test.
        Assert.InRange(_cluster.Faults.ReadInVain, 1, 2);
        Assert.DoesNotContain(_cluster.Wire.Received, transaction => transaction.Recipients.Contains("bob@example.com"));
    }

    async Task NextSweepAsync(MessageId id)
    {
        var other = MailCluster.Request("ann@example.com");
        while (other.Id.ShardOf(4) != id.ShardOf(4)) other = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(other with { SendAt = DateTimeOffset.UtcNow.AddSeconds(1) });
        await _cluster.StatusAsync(other.Id, status => status.IsFinal);
    }

    static async Task StoreAsync(ISpool spool, SubmitRequest request, byte[] state)
    {
        var shard = await spool.OpenShardAsync(request.Id.ShardOf(spool.ShardCount), CancellationToken.None);
        await shard.CommitAsync(new SpoolCommit { Id = request.Id, ExpectedVersion = 0, State = state, Due = DateTimeOffset.UtcNow, IsHeld = true, Content = request.Content, At = DateTimeOffset.UtcNow });
    }

    static int Damage(string folder, ReadOnlySpan<byte> wanted)
    {
        var damaged = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) is "spool.lock" or "marks.bin") continue;
            var octets = File.ReadAllBytes(file);
            var at = octets.AsSpan().IndexOf(wanted);
            if (at < 0) continue;
            octets[at] ^= 1;
            File.WriteAllBytes(file, octets);
            damaged++;
        }

        return damaged;
    }
}
