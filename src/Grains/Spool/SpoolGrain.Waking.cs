using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Spool;

/// <summary>Who is woken: what an earlier owner or a silo that died had in hand, and what is due and held by nobody.</summary>
sealed partial class SpoolGrain
{
    // Interleaves with the feed and is never awaited by a caller: it may take long, and its timer waits for it.
    async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!_isRecovered)
            {
                await this.RegisterOrUpdateReminder(ReminderName, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), cancellationToken);
                await RecoverAsync(cancellationToken);
                _isRecovered = true;
            }

            var missed = _missed.ToLookup(one => one.Value, one => one.Key);
            _missed.Clear();
            foreach (var cause in missed) await WakeAsync([.. cause], cause.Key, cancellationToken);

            if (_hasLost)
            {
                _hasLost = false;
                await WakeHeldAsync(cancellationToken);
            }

            await WakeDueAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is SpoolUnavailableException or SpoolFencedException or OrleansException or TimeoutException)
        {
            LogSweepFailed(Number, exception);
            if (exception is SpoolFencedException) DeactivateOnIdle();
        }
        catch (OperationCanceledException) when (_leaving.IsCancellationRequested)
        {
            // The next owner begins anew.
        }
    }

    async Task RecoverAsync(CancellationToken cancellationToken)
    {
        MessageId? after = null;
        var count = 0;
        while (await Shard.ReadAbandonedAsync(after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            await WakeAsync(page, WakeCause.Recovery, cancellationToken);
            count += page.Count;
            after = page[^1];
        }

        if (count > 0) LogRecovered(Number, count);
    }

    async Task WakeHeldAsync(CancellationToken cancellationToken)
    {
        MessageId? after = null;
        var found = 0;
        while (await Shard.ReadHeldAsync(after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            found += await WakeAsync(page, WakeCause.SiloLost, cancellationToken);
            after = page[^1];
        }

        LogLostFound(Number, found);
    }

    async Task WakeDueAsync(CancellationToken cancellationToken)
    {
        var dueBefore = clock.GetUtcNow() - options.Value.SweepGrace;
        DueMessage? after = null;
        while (await Shard.ReadDueAsync(dueBefore, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            var found = await WakeAsync([.. page.Select(due => due.Id)], WakeCause.Sweep, cancellationToken);
            MailInstruments.SweepFinds.Add(found);
            after = page[^1];
        }
    }

    async Task<int> WakeAsync(IReadOnlyList<MessageId> ids, WakeCause cause, CancellationToken cancellationToken)
    {
        var found = 0;
        foreach (var chunk in ids.Where(id => !_unreadable.Contains(id)).Chunk(MaxWaking))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var results = await Task.WhenAll(chunk.Select(id => WakeOneAsync(id, cause))).WaitAsync(_leaving);
            found += results.Count(result => result is WakeResult.Found);
        }

        return found;
    }

    // One message that cannot be woken must not stop its neighbours.
    async Task<WakeResult> WakeOneAsync(MessageId id, WakeCause cause)
    {
        try
        {
            var result = await GrainFactory.GetGrain<IMessageDeliveryGrain>(id.ToString()).WakeAsync(cause);
            if (result is WakeResult.Unreadable && _unreadable.Count < MaxUnreadable) _unreadable.Add(id);
            return result;
        }
        catch (Exception exception)
        {
            LogWakeFailed(id, exception);
            // So many that the shard is looked through again instead.
            if (cause is WakeCause.Recovery or WakeCause.SiloLost)
            {
                if (_missed.Count < MaxMissed) _missed[id] = cause;
                else _hasLost = true;
            }

            return WakeResult.Nothing;
        }
    }
}
