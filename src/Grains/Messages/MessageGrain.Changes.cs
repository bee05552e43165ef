using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Messages;

/// <summary>What is changed after acceptance, and what keeps an attempt from beginning: suspensions and the suppression list.</summary>
sealed partial class MessageGrain
{
    static readonly TimeSpan KnownWithin = TimeSpan.FromSeconds(1);

    // Whether the last commit set the next wake-up for a message that was held back.
    bool _wasHeldBack;

    public async Task<ChangeAnswer> ChangeAsync(MessageChange change)
    {
        await LoadAsync();
        if (_isQuarantined) return new ChangeAnswer(ChangeResult.Invalid, "The message is set aside: its stored record cannot be read.");
        if (_state is null) return new ChangeAnswer(ChangeResult.NotFound);
        if (!services.Router.HasRoute(change.Route)) return new ChangeAnswer(ChangeResult.Invalid, "The service has no route of that name; leave it empty for what the rules choose.");
        var now = services.Clock.GetUtcNow();
        if (!_state.IsFinal) await ExpireAsync(now);
        var latestExpiry = _state.AcceptedAt + services.Limits.MaxSendDelay + services.Limits.MaxLifetime;
        var decision = MessageChanges.Decide(_state, change, latestExpiry, now);
        if (decision.Step is { } step)
        {
            // What stands in a queue stands there by the old priority: handed in again, its ticket moves.
            if (step.State.Priority != _state.Priority) _queuedFor.Clear();
            await CommitAsync(step);
            await SettleAsync();
        }
        else if (decision.Answer.Result is ChangeResult.Changed)
        {
            await SettleAgainAsync();
        }
        else
        {
            LeaveIfIdle();
        }

        return decision.Answer;
    }

    public async Task<CancelResult> CancelAsync(string reason)
    {
        var text = new string([.. reason.Take(MessageChange.MaxReasonLength).Select(character => char.IsControl(character) ? ' ' : character)]);
        var answer = await ChangeAsync(new MessageChange { Action = MessageAction.Cancel, Reason = text });
        if (_isQuarantined) return CancelResult.SetAside;
        return answer.Result switch
        {
            ChangeResult.Changed => CancelResult.Cancelled,
            ChangeResult.TooLate => CancelResult.TooLate,
            ChangeResult.AlreadyFinal => CancelResult.AlreadyFinal,
            _ => CancelResult.NotFound,
        };
    }

    public async Task ResumeAsync()
    {
        await LoadAsync();
        // Standing in a queue and never held since: nothing to release.
        var isAtWork = _queuedFor.Count > 0 && !_wasHeldBack;
        if (_state is { IsFinal: false, Open.IsEmpty: true } && !_isQuarantined && !isAtWork)
        {
            await CommitAsync(new Step(_state, []));
            await SettleAsync();
        }

        LeaveIfIdle();
    }

    /// <summary>The last look before an attempt: whether an order holds the message back, or the suppression list ends it.</summary>
    async Task<bool> IsStoppedAsync(DateTimeOffset now)
    {
        await EnsureKnownAsync();
        return await HoldBackAsync(now) || await SuppressAsync(now);
    }

    // On a silo that has just started, a long list may take a while. Not in this turn: questions about the message wait behind it. The session comes again.
    async Task EnsureKnownAsync()
    {
        var known = (Orders: services.Orders.ReadyAsync(), Suppressions: services.Suppressions.ReadyAsync());
        if (known.Orders.IsCompletedSuccessfully && known.Suppressions.IsCompletedSuccessfully) return;
        try
        {
            await Task.WhenAll(known.Orders, known.Suppressions).WaitAsync(KnownWithin, services.Clock);
        }
        catch (TimeoutException)
        {
            throw new SpoolUnavailableException("The standing orders or the suppression list are not known here yet.");
        }
    }

    /// <summary>Lets a message sleep until what holds it back is over.</summary>
    async Task<bool> HoldBackAsync(DateTimeOffset now)
    {
        if (HeldUntil(_state!, now) is null) return false;
        // With an attempt open, its end is what wakes the message next.
        if (_state!.Open.IsEmpty) await CommitAsync(new Step(_state, []));
        await SettleAsync();
        return true;
    }

    /// <summary>An order revoked while the commit was under way may have been released already: then nobody else would wake this message in time.</summary>
    async Task ReconsiderAsync()
    {
        if (_wasHeldBack && HeldUntil(_state!, services.Clock.GetUtcNow()) is null) await CommitAsync(new Step(_state!, []));
    }

    /// <summary>Until when nothing is tried whatever is due: the message is suspended, or an order covers its sender. Null when neither is so.</summary>
    DateTimeOffset? HeldUntil(MessageState state, DateTimeOffset now)
    {
        if (state.IsFinal) return null;
        if (state.IsSuspended) return state.ExpiresAt;
        if (!services.Orders.TryFindSuspension(SenderOf(state), now, out var order)) return null;
        return order.Until < state.ExpiresAt ? order.Until : state.ExpiresAt;
    }

    string? HoldReason(DateTimeOffset now)
    {
        if (_state is not { IsFinal: false } state) return null;
        if (!services.Orders.TryFindSuspension(SenderOf(state), now, out var order) && (!services.Orders.Book.IsOrder(state.WaitsFor, out order) || order is null)) return null;
        return $"Suspended by order {order.Id} ({order.Scope}){(order.Until is { } until ? $" until {until:u}" : "")}: {order.Reason}";
    }

    async Task<bool> SuppressAsync(DateTimeOffset now)
    {
        if (services.Suppressions.IsEmpty) return false;
        var found = new Dictionary<int, string>();
        for (var i = 0; i < _state!.Recipients.Length; i++)
            if (_state.Recipients[i] is { IsOpen: true } recipient && !MessageTransitions.IsInAttempt(_state, i) && await services.Suppressions.FindAsync(_state.Tenant, recipient.Address, now) is { } suppression)
                found.Add(i, suppression.Reason);
        if (found.Count == 0) return false;
        await CommitAsync(MessageTransitions.Suppress(_state, found, now));
        if (!_state.IsFinal) return false;
        await SettleAsync();
        return true;
    }

    void LearnBounces(OpenAttempt attempt, AttemptReport report)
    {
        for (var i = 0; i < attempt.Recipients.Length; i++)
            services.Suppressions.Learn(_state!.Tenant, _state.Recipients[attempt.Recipients[i]].Address, (OutcomeKind)report.Verdicts[i].Kind, report.Verdicts[i].Category);
    }

    static OrderTarget SenderOf(MessageState state) => new() { Tenant = state.Tenant, Campaign = state.Campaign };
}
