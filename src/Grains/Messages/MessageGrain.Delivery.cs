using System.Collections.Immutable;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Grains.Messages;

sealed partial class MessageGrain
{
    /// <summary>Name of the message's only reminder.</summary>
    const string ReminderName = "wake";

    // A reminder has no one-shot form: it repeats until the state says that nothing is left to do.
    static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    // Destinations for which a ticket of this message stands in a queue, as far as this activation knows.
    readonly HashSet<string> _queuedFor = [];

    public async Task<AttemptOrder?> BeginAttemptAsync(string destination, string site, AttemptRunner runner)
    {
        await LoadAsync();
        _queuedFor.Remove(destination);
        if (_state is null || _state.IsFinal || _isQuarantined) return Leave<AttemptOrder>();
        // It stood still, was declared dead, and does not know it yet: nobody would look after what it begins now.
        if (services.Cluster.IsGone(runner.Silo)) return null;
        var now = services.Clock.GetUtcNow();
        if (await ExpireAsync(now)) return null;
        if (await IsStoppedAsync(now)) return null;
        if (OpenFor(destination) is { } open && !Sabotage.NoFence) return open.Runner == runner && await ContentAsync() is { } again ? Order(open, again) : null;
        await WaitForWindowAsync(now);
        await HoldByPlaceAsync(now, site, destination);
        var due = DueByDestination(now).FirstOrDefault(group => group.Destination == destination).Recipients;
        if (due.IsDefaultOrEmpty)
        {
            // The routes may have changed since the ticket was written, its window closed, or an order holds it.
            await SettleAsync();
            return null;
        }

        var content = await ContentAsync();
        if (content is null) return null;

        // Write ahead: whatever happens from here on, the attempt is known and the next one is certain.
        var begun = MessageTransitions.Begin(_state, destination, site, due, runner, _shard.Epoch, now, now + services.Delivery.AttemptTimeout, PhaseToBeginWith(runner));
        if (Sabotage.NoWriteAhead) _state = begun.State;
        else await CommitAsync(begun);
        if (services.Cluster.IsGone(runner.Silo))
        {
            // Declared dead during the commit: those who looked for what it held may have looked before.
            await ResolveDeadAttemptsAsync(now);
            await SettleAsync();
            return null;
        }

        KillPoints.Pass("begin.after-commit");
        return Order(_state.Open[^1], content.Value);
    }

    AttemptOrder Order(OpenAttempt attempt, ReadOnlyMemory<byte> content)
    {
        var state = _state!;
        return new AttemptOrder
        {
            Message = _id,
            Number = attempt.Number,
            From = state.From,
            Recipients = [.. attempt.Recipients.Select(index => state.Recipients[index].Address)],
            Content = content,
            NeedsEightBitMime = state.NeedsEightBitMime,
            NeedsSmtpUtf8 = state.NeedsSmtpUtf8,
            TraceParent = state.TraceParent,
            Tenant = state.Tenant,
            Deadline = attempt.Deadline,
            Destination = attempt.Destination ?? attempt.Site,
            Dsn = state.Dsn,
            RequireTls = state.RequireTls,
            GreylistedAt = GreylistedAt(state, attempt.Site),
            RecipientsPerTransaction = RecipientsPerTransaction(attempt.Site, attempt.Recipients),
            IsPhaseTold = attempt.Phase is not AttemptPhase.Untold,
        };
    }

    public async Task CompleteAttemptAsync(AttemptReport report)
    {
        await LoadAsync();
        if (_state?.Open.FirstOrDefault(attempt => attempt.Number == report.Number) is not { } attempt)
        {
            LogStaleReport(_id, report.Number);
            await SettleAgainAsync();
            return;
        }

        var now = services.Clock.GetUtcNow();
        if (report.IsReturned)
        {
            await CommitAsync(MessageTransitions.Return(_state, attempt));
            await SettleAsync();
            return;
        }

        KillPoints.Pass("complete.before-commit");
        var outcomes = attempt.Recipients.Select((index, i) => Judge(attempt, report.Verdicts[i], _state.Recipients[index], report, now)).ToList();
        var completed = MessageTransitions.Complete(_state, attempt, outcomes, report.Host, report.Tls, now, report.Source);
        await CommitAsync(Lengthen(completed, attempt.Recipients.Where((_, i) => outcomes[i].NextDue is not null).Select(index => ExpiryOf(_state.Recipients[index], attempt.Site))));
        KillPoints.Pass("complete.after-commit");
        _shard.ClearMark(_id, attempt.Number);
        services.Contents.Forget(_id);
        foreach (var verdict in report.Verdicts)
            MailInstruments.Attempts.Add(1, new("outcome", OutcomeTag(verdict)), new("error.type", verdict.Category));
        LearnBounces(attempt, report);
        await SettleAsync();
    }

    public async Task<WakeResult> WakeAsync(WakeCause cause)
    {
        await LoadAsync();
        if (_isQuarantined) return _isUnmarked ? WakeResult.Unreadable : WakeResult.Nothing;
        if (_state is null || _state.IsFinal)
        {
            await ForgetReminderAsync(known: cause is WakeCause.Reminder || _state?.HasReminder == true);
            Leave();
            return WakeResult.Nothing;
        }

        var now = services.Clock.GetUtcNow();
        await ResolveDeadAttemptsAsync(now);
        if (_state.IsFinal || await ExpireAsync(now)) return WakeResult.Nothing;
        await MakeNoticesAsync(now);
        if (_state.IsFinal) return WakeResult.Nothing;
        if (cause is WakeCause.Release && _state.WaitsFor is not null) await CommitAsync(MessageTransitions.Release(_state, now));
        if (await HoldBackAsync(now)) return WakeResult.Nothing;
        var isPutOff = await WaitForWindowAsync(now) | await HoldByPlaceAsync(now);
        // Where its tickets stand is not known any more: somebody may have taken one and lost it on the way. A queue that still has one takes no second.
        var isKnownLost = cause is WakeCause.SiloLost || (cause is WakeCause.Sweep && _queuedFor.Count == 0);
        if (cause is WakeCause.Sweep or WakeCause.SiloLost) _queuedFor.Clear();
        var wasLost = QueueDue(now) && isKnownLost;
        if (isPutOff) await RemindAsync(now);
        // What the sweep found stays due in the store: moved on, or every sweep would find it again while it stands in a queue.
        if (cause is WakeCause.Sweep or WakeCause.Recovery && _queuedFor.Count > 0) await CommitAsync(new Step(_state, []));
        LeaveIfIdle();
        return wasLost ? WakeResult.Found : WakeResult.Nothing;
    }

    public async Task PostponeAsync(string destination, DateTimeOffset until, string? waitsFor, bool isDown)
    {
        await LoadAsync();
        _queuedFor.Remove(destination);
        if (_state is null || _state.IsFinal || _isQuarantined) return;
        MailInstruments.Postponed.Add(1);
        var now = services.Clock.GetUtcNow();
        var waiting = DueByDestination(now).FirstOrDefault(group => group.Destination == destination).Recipients;
        if (!waiting.IsDefaultOrEmpty) await PostponeAsync(waiting, until, waitsFor, isDown, now);
        await SettleAsync();
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => WakeAsync(WakeCause.Reminder);

    async Task<bool> ExpireAsync(DateTimeOffset now)
    {
        if (now < _state!.ExpiresAt) return await ExpireSomeAsync(now);
        var step = MessageTransitions.Expire(_state, now);
        if (step.Events.IsEmpty) return false;
        await CommitAsync(step);
        await SettleAsync();
        return true;
    }

    /// <summary>Hands a ticket to every destination that has recipients due and none in a queue yet. Lost tickets are found by the sweep.</summary>
    bool QueueDue(DateTimeOffset now)
    {
        var isQueuedAnew = false;
        foreach (var (destination, recipients) in DueByDestination(now))
        {
            if (IsInAttempt(destination) || !_queuedFor.Add(destination)) continue;
            isQueuedAnew = true;
            KillPoints.Pass("ticket.before");
            var first = _state!.Recipients[recipients[0]];
            services.Tickets.Send(new Ticket(_id, _state.Priority, _state.Tenant, _state.Campaign, destination,
                first.Category == Categories.Greylisted ? first.Source : null, _state.AcceptedAt));
            // In front of a long queue a message waits outside memory; whoever takes its ticket brings it back.
            if (services.Tickets.IsLong(destination)) DeactivateOnIdle();
        }

        return isQueuedAnew;
    }

    string DestinationOf(MessageState state, RecipientRecord recipient, DateTimeOffset now)
    {
        var orders = services.Orders.Book;
        var destination = services.Router.DestinationOf(state, recipient, orders, now);
        return orders.HasSiteReroutes && services.Sites.TryFind(destination) is { } site ? services.Router.DestinationOf(state, recipient, orders, now, site) : destination;
    }

    bool IsInAttempt(string destination) => OpenFor(destination) is not null;

    OpenAttempt? OpenFor(string destination) => _state!.Open.FirstOrDefault(attempt => (attempt.Destination ?? attempt.Site) == destination);

    IEnumerable<(string Destination, ImmutableArray<int> Recipients)> DueByDestination(DateTimeOffset now)
    {
        var state = _state!;
        if (HeldUntil(state, now) is not null) yield break;
        if (state.Recipients.Length == 1)
        {
            if (IsDue(0)) yield return (DestinationOf(state, state.Recipients[0], now), [0]);
            yield break;
        }

        foreach (var group in Enumerable.Range(0, state.Recipients.Length).Where(IsDue).GroupBy(index => DestinationOf(state, state.Recipients[index], now)))
            yield return (group.Key, [.. group]);

        bool IsDue(int index) => state.Recipients[index] is { IsOpen: true } recipient && recipient.NextDue <= now && (Sabotage.NoFence || !MessageTransitions.IsInAttempt(state, index));
    }

    // When this site first greylisted the message; what became of it since tells how long it makes others wait.
    static DateTimeOffset? GreylistedAt(MessageState state, string site)
    {
        foreach (var attempt in state.History)
            if (attempt.Site == site && attempt.Outcomes.Any(outcome => outcome.Category == Categories.Greylisted))
                return attempt.StartedAt;
        return null;
    }

    RecipientOutcome Judge(OpenAttempt attempt, Verdict verdict, RecipientRecord recipient, AttemptReport report, DateTimeOffset now)
    {
        var outcome = verdict.ToOutcome();
        if (outcome.Kind is not (OutcomeKind.Deferred or OutcomeKind.Uncertain)) return new RecipientOutcome(outcome, verdict.Reply, null);
        // Nothing was said here and another relay talks: there is nothing to wait for.
        if (outcome is { Kind: OutcomeKind.Deferred, IsSiteTrouble: true } && services.Sites.HasOtherWay(attempt.Destination ?? attempt.Site, attempt.Site))
            return new RecipientOutcome(outcome with { IsSiteTrouble = false }, verdict.Reply, now);
        var expiresAt = ExpiryOf(recipient, attempt.Site);
        var learned = report.GreylistWait ?? (outcome.Category == Categories.Greylisted ? LimitsOf(attempt.Site, recipient)?.GreylistRetry : null);
        var retry = new RetryCase
        {
            Priority = _state!.Priority,
            Outcome = outcome,
            Attempts = recipient.AttemptCount + 1,
            Now = now,
            ExpiresAt = expiresAt,
            DoubtWait = _state.DoubtWait,
            Greylist = learned is { } wait ? GreylistWait.None.Hear(wait) : null,
            PacedWait = report.PacedWait,
        };
        var next = BackoffPolicy.NextAttempt(services.Backoff, retry, services.Chance());
        if (next is { } due && _state.Window is { } window) next = SendWindowCalendar.Next(window, recipient.TimeZone, due);
        return new RecipientOutcome(outcome, verdict.Reply, next < expiresAt ? next : null);
    }

    static string OutcomeTag(Verdict verdict) => (OutcomeKind)verdict.Kind switch
    {
        OutcomeKind.Delivered => "delivered",
        OutcomeKind.Failed => "bounced",
        OutcomeKind.Uncertain => "unknown",
        _ => "deferred",
    };
}
