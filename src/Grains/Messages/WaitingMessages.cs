using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Messages;

/// <summary>Lets messages go that waited for something.</summary>
static class WaitingMessages
{
    /// <summary>Wakes one. Where the store's answer was lost the message may have left the index of what waits, and nobody would find it there again: it is asked once more, and then queued.</summary>
    public static async Task ReleaseAsync(this IGrainFactory grains, MessageId id)
    {
        var message = grains.GetGrain<IMessageDeliveryGrain>(id.ToString());
        try
        {
            await message.WakeAsync(WakeCause.Release);
        }
        catch (SpoolUnavailableException exception) when (!exception.OutcomeKnown)
        {
            await message.WakeAsync(WakeCause.Release);
        }
    }
}
