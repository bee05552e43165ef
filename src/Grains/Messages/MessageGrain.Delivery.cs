using System.Collections.Immutable;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Messages;

sealed partial class MessageGrain
{
    /// <summary>Name of the message's only reminder.</summary>
    const string ReminderName = "wake";

    // A reminder has no one-shot form: it repeats until the state says that nothing is left to do.
    static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    // Sites that hold a ticket of this message, as far as this activation knows.
    readonly HashSet<string> _queuedAt = [];

    public async Task<AttemptOrder?> BeginAttemptAsync(string site)
    {
        await LoadAsync();
        _queuedAt.Remove(site);
        if (_state is null || _state.IsFinal || _isQuarantined) return Leave<AttemptOrder>();
        var now = services.Clock.GetUtcNow();
        if (await ExpireAsync(now)) return null;
        if (!Sabotage.NoFence && _state.Open.Any(attempt => attempt.Site == site)) return null;
        var due = DueBySite(now).FirstOrDefault(group => group.Site == site).Recipients;
        if (due.IsDefaultOrEmpty) return Leave<AttemptOrder>();
        var content = await ContentAsync();
        if (content is null) return null;

        // Write ahead: whatever happens from here on, the attempt is known and the next one is certain.
        var begun = MessageTransitions.Begin(_state, site, due, _shard.Epoch, now, now + services.Delivery.AttemptTimeout);
        if (Sabotage.NoWriteAhead) _state = begun.State;
        else await CommitAsync(begun);
        KillPoints.Pass("begin.after-commit");
        return new AttemptOrder
        {
            Message = _id,
            Number = _state.AttemptCount,
            From = _state.From,
            Recipients = [.. due.Select(index => _state.Recipients[index].Address)],
            Content = content.Value,
            NeedsEightBitMime = _state.NeedsEightBitMime,
            NeedsSmtpUtf8 = _state.NeedsSmtpUtf8,
            TraceParent = _state.TraceParent,
            Tenant = _state.Tenant,
            Deadline = _state.Open[^1].Deadline,
        };
    }

    public async Task CompleteAttemptAsync(AttemptReport report)
    {
        await LoadAsync();
        if (_state?.Open.FirstOrDefault(attempt => attempt.Number == report.Number) is not { } attempt)
        {
            LogStaleReport(_id, report.Number);
            return;
        }

        var now = services.Clock.GetUtcNow();
        KillPoints.Pass("complete.before-commit");
        var outcomes = attempt.Recipients.Select((index, i) => Judge(report.Verdicts[i], _state.Recipients[index].AttemptCount + 1, now)).ToList();
        await CommitAsync(MessageTransitions.Complete(_state, attempt, outcomes, report.Host, report.Tls, now));
        KillPoints.Pass("complete.after-commit");
        _shard.ClearMark(_id, attempt.Number);
        services.Contents.Forget(_id);
        foreach (var verdict in report.Verdicts)
            MailInstruments.Attempts.Add(1, new("outcome", OutcomeTag(verdict)), new("error.type", verdict.Category));
        await SettleAsync();
    }

    public async Task<WakeResult> WakeAsync(WakeCause cause)
    {
        await LoadAsync();
        if (_isQuarantined) return WakeResult.Nothing;
        if (_state is null || _state.IsFinal)
        {
            await ForgetReminderAsync(known: cause is WakeCause.Reminder || _state?.HasReminder == true);
            Leave();
            return WakeResult.Nothing;
        }

        var now = services.Clock.GetUtcNow();
        await ResolveDeadAttemptsAsync(now);
        if (_state.IsFinal || await ExpireAsync(now)) return WakeResult.Nothing;
        var wasLost = QueueDue(now) && cause is WakeCause.Sweep;
        // What the sweep found stays due in the store: moved on, or every sweep would find it again while it stands in a queue.
        if (cause is WakeCause.Sweep or WakeCause.Recovery && _queuedAt.Count > 0) await CommitAsync(new Step(_state, []));
        LeaveIfIdle();
        return wasLost ? WakeResult.Found : WakeResult.Nothing;
    }

    public async Task PostponeAsync(string site, DateTimeOffset until)
    {
        await LoadAsync();
        _queuedAt.Remove(site);
        if (_state is null || _state.IsFinal || _isQuarantined) return;
        MailInstruments.Postponed.Add(1);
        var recipients = _state.Recipients.Select((recipient, index) =>
            recipient.IsOpen && services.Router.SiteOf(recipient.Address) == site && !MessageTransitions.IsInAttempt(_state, index) && recipient.NextDue < until
                ? recipient with { NextDue = until }
                : recipient).ToImmutableArray();
        await CommitAsync(new Step(_state with { Recipients = recipients }, []));
        await SettleAsync();
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => WakeAsync(WakeCause.Reminder);

    // Attempts whose process is gone, or whose time is over: what the crash table says about them.
    async Task ResolveDeadAttemptsAsync(DateTimeOffset now)
    {
        while (_state!.Open.FirstOrDefault(attempt => IsDead(attempt, now)) is { } attempt)
        {
            var mark = attempt.Epoch == _shard.Epoch ? EndOfDataMark.Unknown : _shard.ReadMark(_id, attempt.Number, attempt.Epoch);
            var outcome = mark is EndOfDataMark.NotSent
                ? new Outcome(OutcomeKind.Deferred, FailureScope.Message, Categories.OwnFault, "crash.before-end-of-data")
                : new Outcome(OutcomeKind.Uncertain, FailureScope.Message, Categories.InDoubt, "crash.in-doubt");
            LogDeadAttempt(_id, attempt.Number, mark);
            // The wait was had already: the attempt was written ahead with a next due of its own.
            var outcomes = attempt.Recipients.Select(_ => new RecipientOutcome(outcome, null, now < _state.ExpiresAt ? now : null)).ToList();
            await CommitAsync(MessageTransitions.Complete(_state, attempt, outcomes, null, null, now));
            _shard.ClearMark(_id, attempt.Number);
            if (_state.IsFinal) await SettleAsync();
        }
    }

    bool IsDead(OpenAttempt attempt, DateTimeOffset now) =>
        services.Shards.IsDead(_shard, attempt.Epoch) || now >= attempt.Deadline + AttemptGrace;

    // A session gives up at the deadline; its report may still be under way for a moment.
    static readonly TimeSpan AttemptGrace = TimeSpan.FromSeconds(30);

    async Task<bool> ExpireAsync(DateTimeOffset now)
    {
        if (now < _state!.ExpiresAt) return false;
        var step = MessageTransitions.Expire(_state, now);
        if (step.Events.IsEmpty) return false;
        await CommitAsync(step);
        await SettleAsync();
        return true;
    }

    /// <summary>Hands a ticket to every site that has recipients due and holds none yet. Lost tickets are found by the sweep.</summary>
    bool QueueDue(DateTimeOffset now)
    {
        var isQueuedAnew = false;
        foreach (var (site, _) in DueBySite(now))
        {
            if (_state!.Open.Any(attempt => attempt.Site == site) || !_queuedAt.Add(site)) continue;
            isQueuedAnew = true;
            KillPoints.Pass("ticket.before");
            services.Tickets.Send(site, new Ticket(_id, _state.Priority, _state.Tenant, _state.Campaign));
            // In front of a long queue a message waits outside memory; whoever takes its ticket brings it back.
            if (services.Tickets.IsLong(site)) DeactivateOnIdle();
        }

        return isQueuedAnew;
    }

    IEnumerable<(string Site, ImmutableArray<int> Recipients)> DueBySite(DateTimeOffset now)
    {
        var state = _state!;
        if (state.Recipients.Length == 1)
        {
            if (IsDue(0)) yield return (services.Router.SiteOf(state.Recipients[0].Address), [0]);
            yield break;
        }

        foreach (var group in Enumerable.Range(0, state.Recipients.Length).Where(IsDue).GroupBy(index => services.Router.SiteOf(state.Recipients[index].Address)))
            yield return (group.Key, [.. group]);

        bool IsDue(int index) => state.Recipients[index] is { IsOpen: true } recipient && recipient.NextDue <= now && (Sabotage.NoFence || !MessageTransitions.IsInAttempt(state, index));
    }

    RecipientOutcome Judge(Verdict verdict, int attempts, DateTimeOffset now)
    {
        var outcome = new Outcome((OutcomeKind)verdict.Kind, (FailureScope)verdict.Scope, verdict.Category, verdict.Rule);
        DateTimeOffset? next = outcome.Kind is OutcomeKind.Deferred or OutcomeKind.Uncertain
            ? BackoffPolicy.NextAttempt(services.Backoff(_state!.Priority), attempts, now, _state.ExpiresAt, services.Chance())
            : null;
        return new RecipientOutcome(outcome, verdict.Reply, next);
    }

    static string OutcomeTag(Verdict verdict) => (OutcomeKind)verdict.Kind switch
    {
        OutcomeKind.Delivered => "delivered",
        OutcomeKind.Failed => "bounced",
        OutcomeKind.Uncertain => "unknown",
        _ => "deferred",
    };
}
