using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>
/// Grants what one limit allows to all the sites that ask. It stays in memory, so that a rest earns its burst; after a crash it knows what it must
/// not grant again: the part of the day's quota that was reserved, and until when shares may be held that it knows nothing of.
/// </summary>
[GrainType("mail-budget"), CollectionAgeLimit(AlwaysActive = true)]
sealed partial class BudgetGrain(
    BudgetTable table,
    StandingOrders orders,
    SpoolShards shards,
    ISettingsStore store,
    IOptions<BudgetOptions> options,
    [FromKeyedServices(MailClocks.Service)] TimeProvider clock,
    ILogger<BudgetGrain> log) : Grain, IBudgetGrain
{
    // Those who wait for a share ask again one after another: so many of them in one block time.
    const int AskersAtOnce = 8;

    // Those who wait for the next day come one after another.
    static readonly TimeSpan QuotaSpacing = TimeSpan.FromMilliseconds(5);

    SharedRate? _rate;
    ShareBook? _shares;
    DayQuota _quota = null!;
    DateTimeOffset _quietUntil;
    DateTimeOffset _leasedUntil;
    string? _version;

    string Key => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // An order may limit what is asked for.
        await orders.ReadyAsync().WaitAsync(cancellationToken);
        (var record, _version) = await BudgetRecord.ReadAsync(store, Key);
        _quota = record is null ? DayQuota.Fresh(clock.GetUtcNow()) : DayQuota.Recover(record.Day, record.Reserved);
        _quietUntil = _leasedUntil = record?.LeasedUntil ?? DateTimeOffset.MinValue;
        _hasSentAway = record?.HasSentAway == true;
        WatchChanges();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        table.Changed -= OnChanged;
        return Task.CompletedTask;
    }

    public async Task<BudgetGrant> TakeAsync(int want)
    {
        var now = clock.GetUtcNow();
        var limit = table.LimitOf(Key, now);
        if (limit.DailyQuota is { } quota)
        {
            _quota = _quota.At(now);
            want = Math.Min(want, _quota.Left(quota));
            if (want == 0) return await SentAwayAsync(new BudgetGrant(0, _quota.NextDay, QuotaSpacing), now);
        }

        var grant = RateOf(limit.Rate, now)?.Take(want, now) ?? new RateGrant(want, now);
        // Durable before it is granted; what the rate holds back needs no reservation.
        if (limit.DailyQuota is { } most) await UseAsync(grant.Granted, most);
        _recalled = Math.Max(0, _recalled - grant.Granted);
        return await SentAwayAsync(new BudgetGrant(grant.Granted, grant.NextAt, limit.Spacing), now);
    }

    public Task GiveBackAsync(int unused)
    {
        _rate?.GiveBack(unused);
        _quota = _quota.Use(-unused);
        return Task.CompletedTask;
    }

    public async Task<BudgetShare> ShareAsync(ShareRequest request)
    {
        var now = clock.GetUtcNow();
        var settings = options.Value;
        if (table.LimitOf(Key, now).MaxConcurrent is not { } limit) return new BudgetShare(int.MaxValue, now + settings.LeaseTime, now + settings.RenewEvery);
        _shares ??= new ShareBook(limit, settings.LeaseTime, _quietUntil);
        _shares.Change(limit);
        if (request.Demand > 0 && now + settings.LeaseTime > _leasedUntil) await StoreAsync(_quota, now + settings.LeaseTime * 2, _hasSentAway);
        var count = _shares.Ask(request.Holder, new ShareClaim(request.Demand, request.InUse, request.Held), now);
        return new BudgetShare(count, now + settings.LeaseTime, RenewAt(count < request.Demand, now));
    }

    public Task<BudgetWait> LookAsync()
    {
        var now = clock.GetUtcNow();
        var limit = table.LimitOf(Key, now);
        if (limit.DailyQuota is { } quota && _quota.At(now) is var today && today.Left(quota) == 0) return Task.FromResult(new BudgetWait(BudgetWaitKind.Quota, today.NextDay, QuotaSpacing));
        if (RateOf(limit.Rate, now)?.NextAt(now) is { } next && next > now) return Task.FromResult(new BudgetWait(BudgetWaitKind.Rate, next, limit.Spacing));
        return Task.FromResult(limit.MaxConcurrent is not null && _shares is { IsContended: true } ? new BudgetWait(BudgetWaitKind.Concurrency, RenewAt(isWaiting: true, now), default) : default);
    }

    DateTimeOffset RenewAt(bool isWaiting, DateTimeOffset now) =>
        now + (isWaiting ? options.Value.BlockTime * (1 + _shares!.Holders / AskersAtOnce) : options.Value.RenewEvery);

    SharedRate? RateOf(RateLimit? limit, DateTimeOffset now)
    {
        if (limit is null) return _rate = null;
        _rate ??= new SharedRate(limit, options.Value.BlockTime, now);
        _rate.Change(limit, now);
        return _rate;
    }

    async Task UseAsync(int granted, int limit)
    {
        var reserved = _quota.Reserve(granted, limit);
        if (reserved.Reserved > _quota.Reserved) await StoreAsync(reserved, _leasedUntil, _hasSentAway);
        _quota = reserved.Use(granted);
    }

    // Who finds another's record was replaced: it grants nothing more.
    async Task StoreAsync(DayQuota quota, DateTimeOffset leasedUntil, bool hasSentAway)
    {
        var version = await new BudgetRecord(quota.Day, quota.Reserved, leasedUntil, hasSentAway).WriteAsync(store, Key, _version);
        if (version is null)
        {
            DeactivateOnIdle();
            throw new OrleansException($"Another activation of budget {Key} took over.");
        }

        (_version, _leasedUntil, _hasSentAway) = (version, leasedUntil, hasSentAway);
    }
}
