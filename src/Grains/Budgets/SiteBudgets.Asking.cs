using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>Asking the budgets: beside the turns that serve sessions, never in them.</summary>
sealed partial class SiteBudgets
{
    static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    void Settle(SiteBudget budget, DateTimeOffset now)
    {
        if (budget.Tokens is { } tokens)
        {
            if (tokens.Expire(budget.Waiting, now) is var unused and > 0) _ = GiveBackAsync(budget, unused);
            if (tokens.Want(budget.Waiting, now) is var want and > 0) _ = AskTokensAsync(budget, tokens, want);
        }

        if (budget.Share is { } share && share.ShouldAsk(budget.Demand, now)) _ = AskShareAsync(budget, share, now);
        if (budget.Waiting > 0 && !budget.IsFree(now)) Park(budget);
        else Unpark(budget);
        if (budget.NextLook() is var next && next >= _lookAt) return;
        _lookAt = next;
        hooks.LookAgainAt(next);
    }

    void UsedUp(SiteBudget budget)
    {
        if (budget.Flow is { } flow) hooks.SendAway(flow, ticket => new AwayTicket(ticket, budget.Promise(Now), BudgetKeys.WaitName(budget.Key)));
        else services.Sources.UsedUp(_sourceName!, budget.Tokens!.AskAt);
    }

    // Until it is free again, which no clock tells: what it waits for is an answer.
    void Park(SiteBudget budget)
    {
        if (budget.IsParked || budget.Flow is not { } flow) return;
        budget.IsParked = true;
        queue.Park(flow, DateTimeOffset.MaxValue);
    }

    void Unpark(SiteBudget budget)
    {
        if (!budget.IsParked) return;
        budget.IsParked = false;
        queue.Unpark(budget.Flow!.Value);
    }

    async Task AskTokensAsync(SiteBudget budget, HeldTokens tokens, int want)
    {
        tokens.Asking();
        try
        {
            var grant = await Grain(budget).TakeAsync(want);
            tokens.Answered(grant, Now);
            budget.Spacing = grant.Spacing;
            if (!_isStopped && budget.IsUsedUp(Now)) UsedUp(budget);
            Answered(budget);
        }
        catch (Exception exception)
        {
            tokens.Failed(Now + RetryAfter);
            Failed(budget, exception);
        }
    }

    async Task AskShareAsync(SiteBudget budget, HeldShare share, DateTimeOffset now)
    {
        share.Asking();
        try
        {
            var demand = budget.Demand;
            share.Answered(await Grain(budget).ShareAsync(new ShareRequest(_holder, demand, share.InUse, share.At(now))), demand);
            Answered(budget);
        }
        catch (Exception exception)
        {
            share.Failed(Now + RetryAfter);
            Failed(budget, exception);
        }
    }

    async Task RecallAsync(SiteBudget budget)
    {
        try
        {
            await Grain(budget).RecallAsync();
        }
        catch (Exception exception)
        {
            LogFailed(services.Log, budget.Key, exception);
        }
    }

    async Task GiveBackAsync(SiteBudget budget, int unused)
    {
        try
        {
            await Grain(budget).GiveBackAsync(unused);
        }
        catch (Exception exception)
        {
            LogFailed(services.Log, budget.Key, exception);
        }
    }

    void Answered(SiteBudget budget)
    {
        if (_isStopped) return;
        Settle(budget, Now);
        hooks.Changed();
    }

    void Failed(SiteBudget budget, Exception exception)
    {
        if (_isStopped) return;
        LogFailed(services.Log, budget.Key, exception);
        _lookAt = DateTimeOffset.MinValue;
        hooks.LookAgainAt(Now + RetryAfter);
    }

    IBudgetGrain Grain(SiteBudget budget) => services.Grains.GetGrain<IBudgetGrain>(budget.Key);

    [LoggerMessage(1461, LogLevel.Warning, "Budget {Budget} could not be asked; what waits for it waits on.")]
    static partial void LogFailed(ILogger logger, string budget, Exception exception);
}
