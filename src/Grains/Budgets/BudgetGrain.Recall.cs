using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>
/// Mail that was sent away because the limit is used up waits in the spool under the limit's name. When the limit changes, it is called back: as much as
/// may go soon, by priority and age. What then meets a silo that knows the old limit still is sent away again, and called back when that silo knows better.
/// </summary>
sealed partial class BudgetGrain
{
    const int MostAtOnce = 256;

    static readonly TimeSpan RecallPeriod = TimeSpan.FromMilliseconds(200);

    // What was being sent away when the limit changed is in the index a moment later.
    static readonly TimeSpan LookOn = TimeSpan.FromSeconds(5);

    // Some of what is called back goes elsewhere or ends: that is not waited for.
    static readonly TimeSpan ForgetAfter = TimeSpan.FromSeconds(10);

    TaskScheduler _turns = null!;
    BudgetLimit _known;
    IGrainTimer? _recall;
    SiteRelease? _waiting;
    DateTimeOffset _recallUntil;
    DateTimeOffset _forgetAt;
    bool _hasSentAway;
    int _recalled;

    public Task RecallAsync()
    {
        var now = clock.GetUtcNow();
        _known = table.LimitOf(Key, now);
        _recallUntil = now + LookOn;
        // Interleaves: waking messages takes long, and those who ask must not wait for it.
        _recall ??= this.RegisterGrainTimer(static (self, _) => self.RecallSomeAsync(), this, new() { DueTime = TimeSpan.Zero, Period = RecallPeriod, Interleave = true });
        return Task.CompletedTask;
    }

    void WatchChanges()
    {
        _turns = TaskScheduler.Current;
        _known = table.LimitOf(Key, clock.GetUtcNow());
        table.Changed += OnChanged;
        // The configuration may have changed while nobody was there to see it.
        if (_hasSentAway) _ = RecallAsync();
    }

    // Told on a thread of nobody's: what follows is a turn of this grain.
    void OnChanged() => _ = Task.Factory.StartNew(
        () =>
        {
            if (table.LimitOf(Key, clock.GetUtcNow()) != _known) _ = RecallAsync();
        },
        CancellationToken.None, TaskCreationOptions.None, _turns);

    async Task RecallSomeAsync()
    {
        try
        {
            var now = clock.GetUtcNow();
            var limit = table.LimitOf(Key, now);
            if (IsUsedUp(limit, now))
            {
                StopRecall();
                return;
            }

            if (now >= _forgetAt) (_forgetAt, _recalled) = (now + ForgetAfter, 0);
            var count = Math.Min(MostAtOnce, SoonAt(limit, now) - _recalled);
            if (count <= 0) return;
            _waiting ??= new SiteRelease(GrainFactory, BudgetKeys.WaitName(Key), shards.Count);
            var woken = await _waiting.WakeAsync(count);
            _recalled += woken;
            if (woken > 0) return;
            _waiting = null;
            if (now < _recallUntil) return;
            StopRecall();
            // Durable with the next record: this turn runs beside others, which may be writing one.
            _hasSentAway = false;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogRecallFailed(Key, exception);
        }
    }

    void StopRecall()
    {
        _recall?.Dispose();
        _recall = null;
        _waiting = null;
        _recalled = 0;
    }

    bool IsUsedUp(BudgetLimit limit, DateTimeOffset now) =>
        (limit.DailyQuota is { } quota && _quota.At(now).Left(quota) == 0) || RateOf(limit.Rate, now)?.NextAt(now) > now + SiteBudget.Patience;

    // More than goes while a site would keep it in its queue had better stay where it is.
    int SoonAt(BudgetLimit limit, DateTimeOffset now)
    {
        var byRate = limit.Rate is { } rate ? Math.Min(rate.PerSecond * SiteBudget.Patience.TotalSeconds + rate.Burst, 1e6) : int.MaxValue;
        return (int)Math.Min(byRate, limit.DailyQuota is { } quota ? _quota.At(now).Left(quota) : int.MaxValue);
    }

    // Noted once, so that a start with another limit finds what waits.
    async Task<BudgetGrant> SentAwayAsync(BudgetGrant grant, DateTimeOffset now)
    {
        if (grant.Granted == 0 && !_hasSentAway && grant.NextAt > now + SiteBudget.Patience) await StoreAsync(_quota, _leasedUntil, hasSentAway: true);
        return grant;
    }

    [LoggerMessage(1462, LogLevel.Warning, "Mail that waits for budget {Budget} could not be called back, which is tried again.")]
    partial void LogRecallFailed(string budget, Exception exception);
}
