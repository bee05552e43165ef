namespace Orleans.Mail.Policy.Shaping;

/// <summary>What somebody may use in the whole cluster, whatever site it goes to; members that are null are not limited.</summary>
public readonly record struct BudgetLimit(RateLimit? Rate, int? DailyQuota, int? MaxConcurrent)
{
    public bool HasTokens => Rate is not null || DailyQuota is not null;

    /// <summary>What the rate leaves between two messages.</summary>
    public TimeSpan Spacing => Rate?.Spacing ?? TimeSpan.Zero;

    /// <summary>What is set here, and else what is set there.</summary>
    public BudgetLimit Over(BudgetLimit under) => new(Rate ?? under.Rate, DailyQuota ?? under.DailyQuota, MaxConcurrent ?? under.MaxConcurrent);
}
