using Microsoft.Extensions.Logging;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Domains;

/// <summary>
/// A site moves to the silo that it belongs on when silos come and go. Its queue is sent after it; what it taught of its pace and its leases go with it: a session keeps its lease until it has
/// sent what it had begun, and is then asked to end, so that the next one is opened where the site is.
/// </summary>
sealed partial class DomainGrain
{
    const string LeasesKey = "leases";
    const string PaceKey = "pace";

    // Came with the move; the pace is made later.
    LearnedPace? _learnedBefore;

    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
        dehydrationContext.TryAddValue(LeasesKey, _leases.ToDictionary());
        if (_pace.Learned is { } learned) dehydrationContext.TryAddValue(PaceKey, learned);
    }

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        if (rehydrationContext.TryGetValue<LearnedPace>(PaceKey, out var learned)) _learnedBefore = learned;
        if (!rehydrationContext.TryGetValue<Dictionary<Guid, Lease>>(LeasesKey, out var leases) || leases is null) return;
        foreach (var (session, lease) in leases) _leases[session] = lease with { IsMoved = true };
    }

    bool MoveIfElsewhere()
    {
        if ((_queue.Count == 0 && _leases.Count == 0) || cluster.OwnerOf(Site) == cluster.Local) return false;
        LogMoving(Site, _queue.Count, _leases.Count);
        this.MigrateOnIdle();
        return true;
    }

    // The oldest first, as they stood. A ticket that is lost on the way costs time: the sweep finds its message.
    void SendQueueAfter()
    {
        if (_places.Count > 0) _ = dispatcher.SendAgainAsync(Site, [.. _places.Values.Select(place => place.Item).OrderBy(ticket => ticket.AcceptedAt)]);
    }

    [LoggerMessage(1403, LogLevel.Information, "{Site} moves to another silo, with {Queued} tickets and {Sessions} sessions.")]
    partial void LogMoving(string site, int queued, int sessions);
}
