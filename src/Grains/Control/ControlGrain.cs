using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Storage;
using Orleans.Storage;

namespace Orleans.Mail.Grains.Control;

/// <summary>Checks an order before it is taken, beyond what <see cref="OrderRules"/> say: what is wrong, or null.</summary>
delegate string? OrderCheck(StandingOrder order);

/// <summary>
/// Keeps the standing orders: durable first, then told. Every activation takes a new epoch, which is the upper half of the version, so that
/// versions grow over its deaths and an activation that was replaced notices.
/// </summary>
[GrainType("mail-control")]
sealed partial class ControlGrain(
    ISettingsStore settings,
    SpoolShards shards,
    IOptions<ControlOptions> options,
    IEnumerable<OrderCheck> checks,
    [FromKeyedServices(MailClocks.Service)] TimeProvider mailClock,
    TimeProvider clock,
    ILogger<ControlGrain> log) : Grain, IControlGrain
{
    /// <summary>The order of <see cref="ControlOptions.SuspendOnStart"/>.</summary>
    public const string SuspendedOnStart = "suspended-on-start";

    const string EpochName = "control/epoch";
    const string Prefix = "order/";
    const int PageSize = 500;
    const int EpochShift = 32;

    // Looks after orders that ran out and releases that were cut short.
    static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(10);

    readonly Dictionary<string, StoredOrder> _orders = [];
    TaskCompletionSource _changed = NewSignal();
    IGrainTimer _timer = null!;
    long _version;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await TakeEpochAsync(cancellationToken);
        await LoadAsync(cancellationToken);
        // Silos begin no attempt before they know the orders, and so none before this one.
        if (options.Value.SuspendOnStart && !_orders.ContainsKey(SuspendedOnStart)) await SuspendAllAsync();
        _timer = this.RegisterGrainTimer(static (self, token) => self.LookAfterAsync(token), this, new() { DueTime = TimeSpan.Zero, Period = LookAfter, Interleave = true, KeepAlive = true });
    }

    public async Task<OrderAnswer> AddAsync(StandingOrder order)
    {
        var now = mailClock.GetUtcNow();
        if (_orders.TryGetValue(order.Id, out var known))
            return known.Order.RevokedAt is null ? new OrderAnswer(known.Order) : new OrderAnswer(null, "An order of that id was revoked: choose another id.");
        var problem = OrderRules.Problem(order, now) ?? checks.Select(check => check(order)).FirstOrDefault(found => found is not null);
        if (problem is not null) return new OrderAnswer(null, problem);
        if (_orders.Count >= options.Value.MaxOrders) return new OrderAnswer(null, $"{_orders.Count} orders stand already: revoke some, or raise {ControlOptions.Section}:{nameof(ControlOptions.MaxOrders)}.");
        var taken = order with { GivenAt = now, RevokedAt = null, ReleasedTo = null };
        await WriteAsync(taken, null);
        await EnsureNotReplacedAsync();
        Announce();
        LogTaken(order.Id, order.Kind);
        return new OrderAnswer(taken);
    }

    public async Task<bool> RevokeAsync(string id)
    {
        if (!_orders.TryGetValue(id, out var known)) return false;
        if (known.Order.RevokedAt is not null) return true;
        await WriteAsync(known.Order with { RevokedAt = mailClock.GetUtcNow() }, known.Version);
        Announce();
        LogRevoked(id);
        _timer.Change(TimeSpan.Zero, LookAfter);
        return true;
    }

    public Task<StandingOrder[]> ListAsync()
    {
        var now = mailClock.GetUtcNow();
        return Task.FromResult(_orders.Values.Select(stored => stored.Order).Where(order => order.RevokedAt is not null || order.StandsAt(now)).OrderBy(order => order.GivenAt).ToArray());
    }

    public async Task<ControlSnapshot> WaitForChangeAsync(long version)
    {
        // A silo that stops waits for every call under way: this one is not to keep it.
        if (version == _version) await Task.WhenAny(_changed.Task, Task.Delay(options.Value.PollTime, clock, shards.Stopping));
        return new ControlSnapshot(_version, [.. _orders.Values.Select(stored => stored.Order).Where(order => order.RevokedAt is null)]);
    }

    async Task TakeEpochAsync(CancellationToken cancellationToken)
    {
        var stored = await settings.ReadAsync(EpochName, cancellationToken);
        var epoch = 1 + (stored is null ? 0 : long.Parse(Encoding.ASCII.GetString(stored.Value.Span), CultureInfo.InvariantCulture));
        if (await settings.WriteAsync(EpochName, Encoding.ASCII.GetBytes(epoch.ToString(CultureInfo.InvariantCulture)), stored?.Version) is null)
            throw new InconsistentStateException("Another activation keeps the standing orders.");
        _version = epoch << EpochShift;
    }

    async Task LoadAsync(CancellationToken cancellationToken)
    {
        string? after = null;
        while (await settings.ListAsync(Prefix, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var setting in page)
            {
                if (SettingJson.Read<StandingOrder>(setting) is { } order) _orders[order.Id] = new StoredOrder(order, setting.Version);
                else LogUnreadable(setting.Name);
            }

            after = page[^1].Name;
        }
    }

    async Task SuspendAllAsync()
    {
        const string Reason = $"The service was started with {ControlOptions.Section}:{nameof(ControlOptions.SuspendOnStart)}.";
        await WriteAsync(new StandingOrder { Id = SuspendedOnStart, Kind = OrderKind.Suspend, Scope = new OrderScope(), Reason = Reason, By = "configuration", GivenAt = mailClock.GetUtcNow() }, null);
        LogTaken(SuspendedOnStart, OrderKind.Suspend);
    }

    async Task WriteAsync(StandingOrder order, string? expectedVersion)
    {
        var version = await settings.WriteAsync(Prefix + order.Id, SettingJson.Write(order), expectedVersion);
        if (version is null) throw Replaced();
        _orders[order.Id] = new StoredOrder(order, version);
    }

    // An order that a replaced activation took would be durable and yet unknown to the one that counts: the caller asks that one.
    async Task EnsureNotReplacedAsync()
    {
        var stored = await settings.ReadAsync(EpochName, CancellationToken.None);
        if (stored is null || Encoding.ASCII.GetString(stored.Value.Span) != (_version >> EpochShift).ToString(CultureInfo.InvariantCulture)) throw Replaced();
    }

    InconsistentStateException Replaced()
    {
        DeactivateOnIdle();
        return new InconsistentStateException("Another activation keeps the standing orders.");
    }

    void Announce()
    {
        _version++;
        var changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    async Task LookAfterAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = mailClock.GetUtcNow();
            foreach (var (order, _) in _orders.Values.ToList())
            {
                if (order.RevokedAt is not null) await ReleaseAsync(order, cancellationToken);
                else if (order.StandsAt(now)) continue;
                await RemoveAsync(order.Id);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogReleaseFailed(exception);
        }
    }

    /// <summary>Wakes what an order held, shard after shard; each message knows by itself whether another order holds it still. Sites look after their own queues.</summary>
    async Task ReleaseAsync(StandingOrder order, CancellationToken cancellationToken)
    {
        if (order.Kind is not OrderKind.Suspend) return;
        if (!order.Scope.IsBySender)
        {
            for (var shard = 0; shard < shards.Count; shard++)
                while (await GrainFactory.GetGrain<ISpoolOwnerGrain>(shard).ReleaseWaitingAsync(OrderBook.WaitName(order), _version) > 0)
                    cancellationToken.ThrowIfCancellationRequested();
            return;
        }

        var place = SetPlace.Parse(order.ReleasedTo);
        while (place is { } at && at.Shard < shards.Count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var continuation = await GrainFactory.GetGrain<ISpoolOwnerGrain>(at.Shard).ReleaseAsync(order.Scope, _version, at.Before);
            place = at.Next(continuation);
            order = order with { ReleasedTo = place.ToString() };
            await WriteAsync(order, _orders[order.Id].Version);
        }
    }

    async Task RemoveAsync(string id)
    {
        if (!await settings.DeleteAsync(Prefix + id, _orders[id].Version)) throw Replaced();
        var wasTold = _orders.Remove(id, out var removed) && removed.Order.RevokedAt is null;
        if (wasTold) Announce();
        LogOver(id);
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    sealed record StoredOrder(StandingOrder Order, string Version);
}
