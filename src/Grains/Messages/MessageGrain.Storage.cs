using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Storage;
using Orleans.Storage;

namespace Orleans.Mail.Grains.Messages;

sealed partial class MessageGrain
{
    // Whether the last commit was the first to say that a reminder may exist.
    bool _isFirstReminder;

    async ValueTask LoadAsync()
    {
        if (_isLoaded) return;
        MessageRecord? record;
        try
        {
            record = await _shard.ReadAsync(_id, CancellationToken.None);
        }
        catch (SpoolCorruptException exception)
        {
            await SetAsideUnreadAsync(exception);
            return;
        }

        _version = record?.Version ?? 0;
        _isQuarantined = record?.Due == Quarantined;
        if (record is not null)
        {
            try
            {
                _state = services.States.Deserialize(record.State) ?? throw new SpoolCorruptException("The record holds no state.");
            }
            catch (Exception exception)
            {
                await QuarantineAsync(record, exception);
            }
        }

        _isLoaded = true;
    }

    async Task CommitAsync(Step step)
    {
        if (await TryCommitAsync(step, null) is CommitStatus.Committed) return;
        // Somebody else holds this message: this activation knows nothing any more.
        DeactivateOnIdle();
        throw new InconsistentStateException($"Message {_id} was changed by another activation.");
    }

    async Task<CommitStatus> TryCommitAsync(Step step, ReadOnlyMemory<byte>? content)
    {
        var now = services.Clock.GetUtcNow();
        // A message that owes a notice is not final yet: what a crash keeps from being made is still owed.
        var settled = step.State.IsFinal && services.Notices.Owed(step.State, now) is not null ? step.State with { FinalAt = null } : step.State;
        var state = NextAttempt(settled, now) is null ? settled : settled with { HasReminder = true };
        var isFirstReminder = state.HasReminder && !step.State.HasReminder;
        var (due, isHeld) = NextWake(state, now);
        CommitStatus status;
        try
        {
            status = await _shard.CommitAsync(new SpoolCommit
            {
                Id = _id,
                ExpectedVersion = _version,
                State = services.States.SerializeToArray(state),
                Due = due,
                IsHeld = isHeld,
                Content = content,
                Events = step.Events,
                At = now,
                WaitsFor = state.IsFinal ? null : state.WaitsFor,
                Rank = RankOf(state.Priority),
                Label = MessageView.LabelOf(MessageView.Overall(state, now)) ?? "",
            });
        }
        catch (Exception exception) when (exception is SpoolUnavailableException or SpoolFencedException or SpoolCorruptException)
        {
            // What is durable is read anew by the next activation.
            DeactivateOnIdle();
            throw;
        }

        if (status is CommitStatus.Conflict) return status;
        _version++;
        _isFirstReminder = isFirstReminder;
        _wasHeldBack = HeldUntil(state, now) is not null;
        _state = state;
        _isLoaded = true;
        return status;
    }

    static byte RankOf(Priority priority) => priority switch { Priority.High => 0, Priority.Bulk => 2, _ => 1 };

    /// <summary>Every live message has a future wake-up (invariant 2): when the sweep looks after it, and whether something in memory works for it.</summary>
    (DateTimeOffset? Due, bool IsHeld) NextWake(MessageState state, DateTimeOffset now)
    {
        if (state.IsFinal) return (null, false);
        if (!state.Open.IsEmpty) return (state.Open.Min(attempt => attempt.Deadline) + AttemptGrace, true);
        if (HeldUntil(state, now) is { } until) return (until, false);
        var due = NextDue(state) ?? now;
        if (due > state.ExpiresAt && NextDue(state) is not null) due = state.ExpiresAt;
        if (due > now) return (due, false);
        // Standing in a queue: looked after when the hold is over, or when its time is.
        var hold = now + services.Delivery.QueueHold;
        return (state.ExpiresAt > now && state.ExpiresAt < hold ? state.ExpiresAt : hold, true);
    }

    static DateTimeOffset? NextDue(MessageState state)
    {
        DateTimeOffset? next = null;
        foreach (var recipient in state.Recipients)
            if (recipient.IsOpen && !(recipient.NextDue >= next))
                next = recipient.NextDue;
        return next;
    }

    /// <summary>After a commit: final messages are forgotten, deferred ones get their reminder.</summary>
    async Task SettleAsync()
    {
        await MakeNoticesAsync(services.Clock.GetUtcNow());
        if (_state!.IsFinal)
        {
            KillPoints.Pass("final.before-reminder-removed");
            LogFinal(_id, MessageView.Overall(_state, _state.FinalAt!.Value));
            MailInstruments.DeliveryDuration.Record((_state.FinalAt!.Value - _state.AcceptedAt).TotalSeconds);
            await ForgetReminderAsync(_state.HasReminder);
            Leave();
            return;
        }

        await ReconsiderAsync();
        var now = services.Clock.GetUtcNow();
        await WaitForWindowAsync(now);
        await HoldByPlaceAsync(now);
        QueueDue(now);
        await RemindAsync(now);
        LeaveIfIdle();
    }

    Task RemindAsync(DateTimeOffset now)
    {
        if (NextAttempt(_state!, now) is not { } next) return Task.CompletedTask;
        KillPoints.Pass("deferred.before-reminder");
        return RemindAsync(next - now, _isFirstReminder);
    }

    /// <summary>
    /// A call that comes again may do so because the answer of its commit was lost: then nothing followed that commit, and without this the message would wait for the sweep.
    /// Where a ticket stands in a queue all the same, a second one is not taken.
    /// </summary>
    async Task SettleAgainAsync()
    {
        if (_state is { IsFinal: false } && !_isQuarantined && _queuedFor.Count == 0) await SettleAsync();
        else LeaveIfIdle();
    }

    /// <summary>When a recipient that waits by reminder is due; null when none does.</summary>
    DateTimeOffset? NextAttempt(MessageState state, DateTimeOffset now)
    {
        if (HeldUntil(state, now) is { } until) return until;
        DateTimeOffset? next = null;
        for (var i = 0; i < state.Recipients.Length; i++)
            if (state.Recipients[i] is { IsOpen: true } recipient && recipient.NextDue > now && !(recipient.NextDue >= next) && !MessageTransitions.IsInAttempt(state, i))
                next = recipient.NextDue;
        if (services.Notices.DelayDue(state) is { } late && late > now && !(late >= next)) next = late;
        return next < state.ExpiresAt ? next : next is null ? null : state.ExpiresAt;
    }

    // A reminder that cannot be set only costs time: the sweep finds the message at its due time.
    async Task RemindAsync(TimeSpan wait, bool isFirst)
    {
        try
        {
            if (isFirst && await services.FarReminders.TryRegisterAsync(this.GetGrainId(), ReminderName, wait, ReminderPeriod)) return;
            await this.RegisterOrUpdateReminder(ReminderName, wait > TimeSpan.Zero ? wait : TimeSpan.Zero, ReminderPeriod);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogReminderFailed(_id, exception);
        }
    }

    async Task ForgetReminderAsync(bool known)
    {
        if (!known) return;
        try
        {
            if (await this.GetReminder(ReminderName) is { } reminder) await this.UnregisterReminder(reminder);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The next tick finds a final message and tries again.
            LogReminderFailed(_id, exception);
        }
    }

    async Task<ReadOnlyMemory<byte>?> ContentAsync()
    {
        if (services.Contents.Find(_id) is { } kept) return kept;
        try
        {
            if (await _shard.ReadContentAsync(_id, CancellationToken.None) is { } stored) return stored;
            await SetAsideAsync(null);
        }
        catch (SpoolCorruptException exception)
        {
            await SetAsideAsync(exception);
        }

        return null;
    }

    // A wrong body is never sent, and a message without one is no message.
    async Task SetAsideAsync(Exception? exception)
    {
        var record = await _shard.ReadAsync(_id, CancellationToken.None);
        if (record is not null) await QuarantineAsync(record, exception);
    }

    // Not even its row can be read: noted in the store where that can be done, else for as long as this shard is open.
    async Task SetAsideUnreadAsync(SpoolCorruptException cause)
    {
        LogQuarantined(_id, cause);
        MailInstruments.Quarantined.Add(1);
        try
        {
            await _shard.SetAsideAsync(_id, Quarantined);
        }
        catch (SpoolCorruptException)
        {
            _isUnmarked = true;
        }

        (_isQuarantined, _isLoaded) = (true, true);
    }

    /// <summary>Sets a message aside: its record stays as it is, nothing wakes it any more, and the feed tells.</summary>
    async Task QuarantineAsync(MessageRecord record, Exception? exception)
    {
        _isQuarantined = true;
        if (record.FinalAt is not null || record.Due == Quarantined) return;
        LogQuarantined(_id, exception);
        MailInstruments.Quarantined.Add(1);
        var now = services.Clock.GetUtcNow();
        var told = new DeliveryEvent { MessageId = _id, Type = EventType.Quarantined, At = now, Tenant = _state?.Tenant ?? "" };
        await _shard.CommitAsync(new SpoolCommit
        {
            Id = _id,
            ExpectedVersion = record.Version,
            State = record.State,
            Due = Quarantined,
            Events = [told],
            At = now,
        });
        Leave();
    }

    /// <summary>Due time of messages that were set aside: live, so that nothing purges them, and never due.</summary>
    internal static readonly DateTimeOffset Quarantined = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    void LeaveIfIdle()
    {
        if (_queuedFor.Count == 0 && (_state is null || _state.Open.IsEmpty)) Leave();
    }

    void Leave() => DeactivateOnIdle();

    T? Leave<T>() where T : class
    {
        LeaveIfIdle();
        return null;
    }
}
