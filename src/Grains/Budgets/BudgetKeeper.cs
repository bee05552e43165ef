using Microsoft.Extensions.Logging;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>A silo that starts, perhaps with another configuration, wakes the limits that mail waits for: what they hold may go now.</summary>
sealed partial class BudgetKeeper(IGrainFactory grains, ISettingsStore store, ILogger<BudgetKeeper> log) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(BudgetKeeper), ServiceLifecycleStage.Active, cancellationToken =>
    {
        _ = RecallAsync(cancellationToken);
        return Task.CompletedTask;
    });

    // What is missed comes back at its own time.
    async Task RecallAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var key in await BudgetRecord.ReadSentAwayAsync(store, cancellationToken).ConfigureAwait(false))
                await grains.GetGrain<IBudgetGrain>(key).RecallAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogFailed(exception);
        }
    }

    [LoggerMessage(1463, LogLevel.Warning, "Limits that mail waits for could not all be woken; the mail comes back at its own time.")]
    partial void LogFailed(Exception exception);
}
