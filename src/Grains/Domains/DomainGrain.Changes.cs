using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Grains.Domains;

/// <summary>Orders and configuration change while the site is served: it hears of it at once, and lets go what is not held any more.</summary>
sealed partial class DomainGrain
{
    TaskScheduler _turns = null!;
    bool _wasSuspended;

    void WatchChanges()
    {
        _turns = TaskScheduler.Current;
        // Orders and the limits of sites are among what it is made of.
        shared.Table.Changed += OnChanged;
    }

    void ForgetChanges() => shared.Table.Changed -= OnChanged;

    // Told on a thread of nobody's: what follows is a turn of this grain.
    void OnChanged() => _ = Task.Factory.StartNew(TakeChange, CancellationToken.None, TaskCreationOptions.None, _turns);

    void TakeChange()
    {
        var now = clock.GetUtcNow();
        Obey(now);
        OfferWork(now);
    }

    void Obey(DateTimeOffset now)
    {
        foreach (var revoked in _orders.TakeRevoked(now)) _pace.Revoke(revoked.Id);
        _pace.Refresh([]);
        _pace.Order(_orders.Limits(now));
        _window = _window.Within(_pace.WindowOptions(now));
        var isSuspended = SuspendedUntil(now) is not null;
        var isFree = _wasSuspended && !isSuspended && !(_window.DeadUntil > now);
        _wasSuspended = isSuspended;
        // What the suspension sent away waits outside memory.
        if (isFree && _release is null) StartRelease();
    }

    OrderTarget Whose()
    {
        var path = SitePath.Parse(Site);
        return new OrderTarget { Site = path.Site, Source = path.Source, Relay = routes.Book.RelayAt(path.Site)?.Name };
    }
}
