using Orleans.Mail.Storage;
using Orleans.Storage;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>Faults of calls between the parts of the service that pass: a silo that ends, a shard on its way to another, a store that pauses.</summary>
static class PassingTrouble
{
    public static bool Is(Exception exception) => exception is
        SpoolUnavailableException or SpoolFencedException or InconsistentStateException or OrleansException or TimeoutException;
}
