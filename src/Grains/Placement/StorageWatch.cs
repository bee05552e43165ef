using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Policy.Clusters;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Placement;

/// <summary>
/// While storage fails, asks it again and again, and other silos whether they reach it. A silo that alone is cut off ends (<see cref="SiloExit"/>). Asks
/// nobody while all is well.
/// </summary>
sealed partial class StorageWatch(
    ISpoolHealth health, SpoolShards shards, ClusterView cluster, IGrainFactory grains, SiloExit exit, IOptions<SpoolOptions> options, TimeProvider clock, ILogger<StorageWatch> log) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    // Silos that are asked at once: one that reaches storage is enough.
    const int MostAsked = 8;

    CutOff _cutOff;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!shards.Spool.IsShared) return;
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false)) await LookAsync(stoppingToken).ConfigureAwait(false);
    }

    async Task LookAsync(CancellationToken stoppingToken)
    {
        var reaches = health.Fault is null || await health.ProbeAsync(stoppingToken).ConfigureAwait(false);
        var doesAnother = !reaches && await DoesAnotherAsync(stoppingToken).ConfigureAwait(false);
        var now = clock.GetUtcNow();
        var next = _cutOff.Look(reaches, doesAnother, now);
        if (next.Since is not null && _cutOff.Since is null) LogCutOff(options.Value.LeaveAfter);
        MailInstruments.CutOff.Record(next.Since is null ? 0 : 1);
        _cutOff = next;
        if (!next.IsToLeave(options.Value.LeaveAfter, now)) return;
        LogLeaving(now - next.Since!.Value);
        exit.Leave();
    }

    // Each by a shard that belongs there. Where one is here all the same it answers for this silo: no.
    async Task<bool> DoesAnotherAsync(CancellationToken stoppingToken)
    {
        var others = Enumerable.Range(0, shards.Count).Where(shard => cluster.OwnerOf(shard) != cluster.Local).DistinctBy(cluster.OwnerOf).Take(MostAsked);
        return (await Task.WhenAll(others.Select(shard => CanStoreAsync(shard, stoppingToken))).ConfigureAwait(false)).Contains(true);
    }

    async Task<bool> CanStoreAsync(int shard, CancellationToken stoppingToken)
    {
        try
        {
            return await grains.GetGrain<ISpoolOwnerGrain>(shard).CanStoreAsync().WaitAsync(AnswerTime, clock, stoppingToken).ConfigureAwait(false);
        }
        catch (Exception) when (!stoppingToken.IsCancellationRequested)
        {
            // Who cannot say so is not known to reach it.
            return false;
        }
    }

    [LoggerMessage(1012, LogLevel.Warning, "Storage is out of reach here while other silos reach it. If that stays so for {Patience}, this silo ends, and they take its shards.")]
    partial void LogCutOff(TimeSpan patience);

    [LoggerMessage(1013, LogLevel.Critical, "For {Time} other silos reached storage and this one did not: it ends, so that they take its shards.")]
    partial void LogLeaving(TimeSpan time);
}
