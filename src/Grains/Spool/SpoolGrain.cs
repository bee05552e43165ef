using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Grains.Placement;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Storage;
using Orleans.Serialization;

namespace Orleans.Mail.Grains.Spool;

/// <summary>
/// Owns one shard: opens it, wakes what is due and held by nobody, purges what is old, serves its feed.
/// Its reminder keeps the shard awake; a lost grain comes back within a minute.
/// </summary>
[GrainType(TypeName), ShardPlacement]
sealed partial class SpoolGrain(
    SpoolShards shards,
    ClusterView cluster,
    IOptions<SpoolOptions> options,
    Serializer<MessageState> states,
    StandingOrders orders,
    ISpoolHealth health,
    [FromKeyedServices(MailClocks.Service)] TimeProvider clock,
    TimeProvider systemClock,
    ILogger<SpoolGrain> log) : Grain, ISpoolGrain, ISpoolOwnerGrain, IRemindable
{
    public const string TypeName = "mail-spool";

    const string ReminderName = "awake";
    const int PageSize = 500;

    // Wake-ups in flight: bounds what a recovery of a large backlog asks of the silo at once.
    const int MaxWaking = 64;

    const int MaxMissed = 10_000;

    // Messages that the store can neither read nor set aside; past the bound they are woken in vain.
    const int MaxUnreadable = 10_000;

    readonly HashSet<MessageId> _unreadable = [];

    // Should have been woken after a death, and could not be: no due time would bring them back for long.
    readonly Dictionary<MessageId, WakeCause> _missed = [];

    ISpoolShard? _shard;
    bool _isHandedOver;
    bool _isRecovered;

    // A silo died since the last sweep, and may have had messages of this shard in its hands.
    bool _hasLost;
    IGrainTimer? _sweep;

    // Ends what waits for other grains: they may wait for this one to be gone.
    readonly CancellationTokenSource _leave = CancellationTokenSource.CreateLinkedTokenSource(shards.Stopping);
    CancellationToken _leaving;

    int Number => (int)this.GetPrimaryKeyLong();

    ISpoolShard Shard => _shard ?? throw new SpoolUnavailableException($"Shard {Number} of the spool is on its way to another silo.");

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _leaving = _leave.Token;
        // A call that went by an old address: opening would fence out the silo that the shard belongs on.
        if (!IsHere)
        {
            this.MigrateOnIdle();
            return;
        }

        _shard = await shards.Spool.OpenShardAsync(Number, cancellationToken);
        shards.Opened(_shard);
        LogOpened(Number, _shard.Epoch);
        var settings = options.Value;
        _sweep = this.RegisterGrainTimer(static (self, token) => self.SweepAsync(token), this, new() { DueTime = TimeSpan.Zero, Period = settings.SweepInterval, KeepAlive = true, Interleave = true });
        this.RegisterGrainTimer(static (self, token) => self.PurgeAsync(token), this, new() { DueTime = settings.PurgeInterval, Period = settings.PurgeInterval, KeepAlive = true, Interleave = true });
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _leave.Cancel();
        if (_shard is not null) shards.Closed(_shard);
        _leave.Dispose();
        return Task.CompletedTask;
    }

    public Task EnsureOpenAsync()
    {
        if (IsHere)
        {
            // It was sent away, or never opened, by a plan that changed since: begun anew, here.
            if (_shard is null || _isHandedOver) DeactivateOnIdle();
            return Task.CompletedTask;
        }

        if (_shard is not null && !_isHandedOver)
        {
            _isHandedOver = true;
            LogHandedOver(Number, _shard.Epoch);
            // From here on no message grain of this silo commits to it: the next owner's fence finds nothing under way.
            shards.Closed(_shard);
            _leave.Cancel();
        }

        // Not just deactivated: silos that remember this address would make the grain here anew, again and again.
        this.MigrateOnIdle();
        return Task.CompletedTask;
    }

    bool IsHere => cluster.OwnerOf(Number) == cluster.Local;

    public Task RecoverLostAsync()
    {
        // May take long: this is done by a timer's turns, not in the caller's time.
        _hasLost = true;
        _sweep?.Change(TimeSpan.Zero, options.Value.SweepInterval);
        return Task.CompletedTask;
    }

    public Task<bool> CanStoreAsync() => health.ProbeAsync(_leaving);

    public async Task<WaitingMessage[]> ReadWaitingAsync(string site, WaitingMessage? after, int limit) =>
        [.. await Shard.ReadWaitingAsync(site, after, limit, CancellationToken.None)];

    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;

    public Task<long> GetFeedEndAsync() => Task.FromResult(Shard.LastEvent);

    public async IAsyncEnumerable<FeedPage> ReadFeedAsync(long after, EventFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shard = Shard;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _leaving);
        if (after < 0) after = shard.FirstEvent - 1;
        else if (after < shard.FirstEvent - 1 || after > shard.LastEvent)
        {
            await EnsureNotReplacedAsync(shard, cancellationToken);
            throw new ArgumentOutOfRangeException(nameof(after), "The feed does not hold that position.");
        }

        while (true)
        {
            var events = await shard.ReadEventsAsync(after, PageSize, cancellationToken);
            if (events.Count == 0)
            {
                if (await HasEventAsync(shard, after, ending.Token)) continue;
                // A reader that is told nothing more asks again, wherever the shard is then.
                yield break;
            }

            // A reader so slow that the purge overtook it must not take the rest for all.
            if (events[0].Number != after + 1) throw new ArgumentOutOfRangeException(nameof(after), "The feed does not hold that position any more.");
            after = events[^1].Number;
            var matches = events.Where(item => filter.Matches(item.Event)).ToList();
            yield return new FeedPage(after, [.. matches.Select(item => item.Number)], [.. matches.Select(item => item.Event)]);
        }
    }

    // A reader may know more than an owner that was replaced and does not know it yet: that one must not say that there is no such position.
    async Task EnsureNotReplacedAsync(ISpoolShard shard, CancellationToken cancellationToken)
    {
        try
        {
            await shard.VerifyAsync(cancellationToken);
        }
        catch (SpoolFencedException)
        {
            DeactivateOnIdle();
            throw;
        }
    }

    async Task<bool> HasEventAsync(ISpoolShard shard, long after, CancellationToken ending)
    {
        try
        {
            await shard.WaitForEventAsync(after, ending);
            return true;
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            return false;
        }
    }

    public async Task<ListPage> ListAsync(ListQuery query, string? continuation, int pageSize)
    {
        var size = Math.Clamp(pageSize, 1, 1000);
        var before = continuation is null ? (MessageId?)null : MessageId.Parse(continuation);
        var records = await Shard.ListAsync(before, query.State is { } state ? MessageView.LabelOf(state) : null, size, CancellationToken.None);
        var items = new List<MessageStatus>();
        foreach (var record in records)
            if (Read(record) is var status && Matches(query, status))
                items.Add(status);
        return new ListPage([.. items], records.Count < size ? null : records[^1].Id.ToString());
    }

    MessageStatus Read(MessageRecord record)
    {
        if (record.Due == MessageGrain.Quarantined) return UnreadableStatus.Of(record.Id);
        try
        {
            return MessageView.Status(states.Deserialize(record.State)!, clock.GetUtcNow(), []);
        }
        catch (Exception exception)
        {
            LogUnreadable(record.Id, exception);
            return UnreadableStatus.Of(record.Id);
        }
    }

    static bool Matches(ListQuery query, MessageStatus status) =>
        (query.Tenant is null || status.Tenant == query.Tenant)
        && (query.State is null || status.State == query.State)
        && (query.Tag is null || status.Tags.Contains(query.Tag))
        && (query.Campaign is null || status.Campaign == query.Campaign)
        && (query.Recipient is null || status.Recipients.Any(recipient => string.Equals(recipient.Address, query.Recipient, StringComparison.OrdinalIgnoreCase)))
        && (query.AcceptedBefore is null || status.AcceptedAt < query.AcceptedBefore)
        && (query.AcceptedAfter is null || status.AcceptedAt > query.AcceptedAfter);

    async Task PurgeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var finalBefore = clock.GetUtcNow() - options.Value.Retention;
            int removed;
            do
            {
                removed = await Shard.PurgeAsync(finalBefore, PageSize, cancellationToken);
                MailInstruments.Purged.Add(removed);
            }
            while (removed > 0);
        }
        catch (Exception exception) when (exception is SpoolUnavailableException or SpoolFencedException or SpoolCorruptException)
        {
            LogPurgeFailed(Number, exception);
        }
    }
}
