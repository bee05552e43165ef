using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Placement;

namespace Orleans.Mail.Grains.Spool;

/// <summary>
/// Brings every shard to the silo that it belongs on: at the start of this one, and whenever the membership changes. Tells the shards
/// of this silo about every silo that died, since what that one had in hand is lost.
/// </summary>
sealed partial class ShardKeeper(SpoolShards shards, ClusterView cluster, IGrainFactory grains, TimeProvider clock, ILogger<ShardKeeper> log)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    // A hand-over that failed is tried again.
    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);

    readonly CancellationTokenSource _stopping = new();
    readonly HashSet<SiloAddress> _dead = [];
    Task _running = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(ShardKeeper), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public void Dispose() => _stopping.Dispose();

    // A backlog resumes without being asked for. A spool of this machine that cannot be opened stops the start; of a shared one, others may still hold the shards.
    async Task StartAsync(CancellationToken cancellationToken)
    {
        var opening = Task.WhenAll(Mine().Select(number => grains.GetGrain<ISpoolOwnerGrain>(number).EnsureOpenAsync()));
        try
        {
            if (shards.Spool.IsShared) await opening.WaitAsync(StartPatience, clock, cancellationToken);
            else await opening.WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (shards.Spool.IsShared && PassingTrouble.Is(exception))
        {
            LogNotBroughtAtStart(exception);
        }

        var stopping = _stopping.Token;
        _running = Task.Run(() => Task.WhenAll(WatchAsync(stopping), KeepAsync(stopping)), CancellationToken.None);
    }

    async Task StopAsync(CancellationToken cancellationToken)
    {
        shards.Stop();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    IEnumerable<int> Mine() => Enumerable.Range(0, shards.Count).Where(number => cluster.OwnerOf(number) == cluster.Local);

    async Task WatchAsync(CancellationToken stopping)
    {
        var isFirst = true;
        await foreach (var snapshot in cluster.Changes.WithCancellation(stopping).ConfigureAwait(false))
        {
            var died = snapshot.Members.Values.Where(member => member.Status is SiloStatus.Dead && _dead.Add(member.SiloAddress)).ToList();
            // Who was dead before this silo came had nothing in its hands.
            if (died.Count > 0 && !isFirst) await TellOfDeathAsync().ConfigureAwait(false);
            isFirst = false;
            await BringAsync(stopping).ConfigureAwait(false);
        }
    }

    async Task KeepAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(LookAgain, clock);
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false)) await BringAsync(stopping).ConfigureAwait(false);
    }

    // Whether it is open elsewhere, or here and belongs elsewhere: its grain looks at the plan, and goes.
    Task BringAsync(CancellationToken stopping) => Task.WhenAll(Enumerable.Range(0, shards.Count)
        .Where(number => shards.IsOpen(number) != (cluster.OwnerOf(number) == cluster.Local))
        .Select(number => TryAsync(number, static owner => owner.EnsureOpenAsync(), stopping)));

    Task TellOfDeathAsync() => Task.WhenAll(Enumerable.Range(0, shards.Count)
        .Where(shards.IsOpen)
        .Select(number => TryAsync(number, static owner => owner.RecoverLostAsync(), _stopping.Token)));

    async Task TryAsync(int number, Func<ISpoolOwnerGrain, Task> ask, CancellationToken stopping)
    {
        try
        {
            await ask(grains.GetGrain<ISpoolOwnerGrain>(number)).WaitAsync(stopping).ConfigureAwait(false);
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            LogNotBrought(number, exception);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    [LoggerMessage(1011, LogLevel.Warning, "Not all shards of this silo were here within its start; they are brought behind it.")]
    partial void LogNotBroughtAtStart(Exception exception);

    [LoggerMessage(1010, LogLevel.Warning, "Shard {Shard} could not be brought to its silo; it is tried again.")]
    partial void LogNotBrought(int shard, Exception exception);
}
