using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Storage;
using Orleans.Storage;

namespace Orleans.Mail.Grains.Messages;

/// <summary>How far an attempt had come, as told by who ran it, and what is made of one whose runner is gone.</summary>
sealed partial class MessageGrain
{
    // A session gives up at the deadline; its report may still be under way for a moment.
    static readonly TimeSpan AttemptGrace = TimeSpan.FromSeconds(30);

    public async Task MarkEndOfDataAsync(int number)
    {
        await LoadAsync();
        var attempt = _state?.Open.FirstOrDefault(attempt => attempt.Number == number);
        if (attempt is null || (attempt.Runner is { } runner && services.Cluster.IsGone(runner.Silo))) throw new InconsistentStateException($"Attempt {number} of message {_id} is not open any more.");
        if (attempt.Phase is not AttemptPhase.EndOfData) await CommitAsync(MessageTransitions.MarkEndOfData(_state!, attempt));
    }

    // Costs a commit, so only where something hangs on it. Notes of a spool that is not shared cost nothing.
    AttemptPhase PhaseToBeginWith(AttemptRunner runner) =>
        runner.TellsPhase && services.Shards.Spool.IsShared && (services.Delivery.MarkEveryAttempt || _state!.Doubt is DoubtPolicy.Stop) ? AttemptPhase.BeforeEndOfData : AttemptPhase.Untold;

    // Attempts whose process is gone, or whose time is over: what the crash table says about them.
    async Task ResolveDeadAttemptsAsync(DateTimeOffset now)
    {
        while (_state!.Open.FirstOrDefault(attempt => IsDead(attempt, now)) is { } attempt)
        {
            var mark = MarkOf(attempt);
            var outcome = mark is EndOfDataMark.NotSent
                ? new Outcome(OutcomeKind.Deferred, FailureScope.Message, Categories.OwnFault, "crash.before-end-of-data")
                : new Outcome(OutcomeKind.Uncertain, FailureScope.Message, Categories.InDoubt, "crash.in-doubt");
            LogDeadAttempt(_id, attempt.Number, mark);
            var outcomes = attempt.Recipients.Select(index => new RecipientOutcome(outcome, null, DueAfterDeath(_state.Recipients[index], outcome, now))).ToList();
            await CommitAsync(MessageTransitions.Complete(_state, attempt, outcomes, null, null, now));
            _shard.ClearMark(_id, attempt.Number);
            if (_state.IsFinal) await SettleAsync();
        }
    }

    EndOfDataMark MarkOf(OpenAttempt attempt) => attempt.Phase switch
    {
        AttemptPhase.BeforeEndOfData => EndOfDataMark.NotSent,
        AttemptPhase.EndOfData => EndOfDataMark.Sent,
        _ => attempt.Epoch == _shard.Epoch ? EndOfDataMark.Unknown : _shard.ReadMark(_id, attempt.Number, attempt.Epoch),
    };

    // Most often the message had no part in it, and goes on at once. The one that dies each time it is tried may be what kills: it waits longer and longer,
    // so that others are sent between two deaths.
    DateTimeOffset? DueAfterDeath(RecipientRecord recipient, Outcome outcome, DateTimeOffset now)
    {
        var isAgain = recipient.Rule?.StartsWith("crash.", StringComparison.Ordinal) == true;
        var isToWait = outcome.Kind is OutcomeKind.Uncertain && _state!.DoubtWait is not null;
        if (!isAgain && !isToWait) return now < _state!.ExpiresAt ? now : null;
        var retry = new RetryCase
        {
            Priority = _state!.Priority,
            Outcome = outcome with { Category = Categories.OwnFault },
            Attempts = recipient.AttemptCount,
            Now = now,
            ExpiresAt = _state.ExpiresAt,
            DoubtWait = _state.DoubtWait,
        };
        return BackoffPolicy.NextAttempt(services.Backoff, retry, services.Chance());
    }

    bool IsDead(OpenAttempt attempt, DateTimeOffset now) =>
        services.Shards.IsDead(_shard, attempt.Epoch) || (attempt.Runner is { } runner && services.Cluster.IsGone(runner.Silo)) || now >= attempt.Deadline + AttemptGrace;
}
