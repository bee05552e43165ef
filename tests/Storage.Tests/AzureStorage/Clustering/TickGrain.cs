using System.Collections.Concurrent;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

[Alias("storage-tests.tick")]
public interface ITickGrain : IGrainWithStringKey
{
    /// <summary>Has itself woken again and again.</summary>
    [Alias("start")]
    Task StartAsync(TimeSpan period);
}

/// <summary>Notes each tick of its reminder.</summary>
[GrainType("tick")]
public sealed class TickGrain(Ticks ticks, ILocalSiloDetails silo) : Grain, ITickGrain, IRemindable
{
    public Task StartAsync(TimeSpan period) => this.RegisterOrUpdateReminder("tick", period, period);

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        ticks.Add(this.GetPrimaryKeyString(), silo.SiloAddress);
        return Task.CompletedTask;
    }
}

/// <summary>Which grain ticked on which silo.</summary>
public sealed class Ticks
{
    readonly ConcurrentQueue<(string Key, SiloAddress Silo)> all = new();

    public void Add(string key, SiloAddress silo) => all.Enqueue((key, silo));

    public void Forget() => all.Clear();

    /// <summary>Waits until each of these grains ticked; on that silo, if one is given.</summary>
    public async Task WaitAsync(IReadOnlyCollection<string> keys, SiloAddress? silo, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(TimeSpan.FromSeconds(90));
        while (true)
        {
            var missing = keys.Except(all.Where(tick => silo is null || tick.Silo.Equals(silo)).Select(tick => tick.Key)).ToList();
            if (missing.Count == 0) return;
            Assert.False(late.IsCancellationRequested, $"No tick of {string.Join(", ", missing)} on {silo?.ToString() ?? "any silo"}; ticks: {string.Join(", ", all)}.");
            await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, late.Token));
        }
    }
}
