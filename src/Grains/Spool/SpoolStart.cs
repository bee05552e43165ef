namespace Orleans.Mail.Grains.Spool;

/// <summary>Opens every shard when the silo has joined, so that a backlog resumes without being asked for.</summary>
sealed class SpoolStart(SpoolShards shards, IGrainFactory grains) : IStartupTask
{
    public Task Execute(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, shards.Count).Select(number => grains.GetGrain<ISpoolOwnerGrain>(number).EnsureOpenAsync()));
}
