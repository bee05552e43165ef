using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Reminders;

namespace Orleans.Mail.Grains.Messages;

/// <summary>
/// First reminders that are due beyond the loading window go straight into the reminder table, where the reminder service of whichever silo
/// owns them finds them in time. Registered through the service, each would leave an object of some kilobytes in it until its next
/// refresh: a storm of deferrals would fill the memory with reminders that nobody waits for yet.
/// </summary>
sealed class FarReminders(IReminderTable table, IOptions<ReminderOptions> options, IServiceProvider services)
{
    // Reminders live by the clock of the reminder service.
    readonly TimeProvider _clock = services.GetKeyedService<TimeProvider>(ReminderTimeProviderNames.Reminders) ?? TimeProvider.System;

    /// <summary>False when the reminder is too near: it must be registered through the service.</summary>
    public async Task<bool> TryRegisterAsync(GrainId grain, string name, TimeSpan wait, TimeSpan period)
    {
        if (wait <= options.Value.ReminderLoadingWindow) return false;
        await table.UpsertRow(new ReminderEntry
        {
            GrainId = grain,
            ReminderName = name,
            StartAt = _clock.GetUtcNow().UtcDateTime + wait,
            Period = period,
        });
        return true;
    }
}
