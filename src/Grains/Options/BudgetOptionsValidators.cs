using Microsoft.Extensions.Options;
using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Grains.Options;

static class BudgetNames
{
    // Part of a record's name in the store.
    const int MaxLength = 200;

    public static bool IsRight(string name) => name.Length is > 0 and <= MaxLength;
}

sealed class TenantLimitsValidator : IValidateOptions<TenantLimits>
{
    public ValidateOptionsResult Validate(string? name, TenantLimits options)
    {
        var faults = new OptionFaults(TenantLimits.Section);
        foreach (var (tenant, limits) in options)
        {
            faults.Require(BudgetNames.IsRight(tenant), tenant, "must be called by 1 to 200 characters.");
            faults.Require(limits.MaxConcurrent is null or > 0, $"{tenant}:MaxConcurrent", "must be greater than zero; leave it out for no limit.");
            faults.Require(limits.DailyQuota is null or > 0, $"{tenant}:DailyQuota", "must be greater than zero; leave it out for no limit.");
            faults.Require(limits.Weight is >= 1 and <= 1000, $"{tenant}:Weight", "must be 1 to 1000.");
            foreach (var (index, sender) in limits.Senders.Index())
                faults.Require(SenderList.TryParse([sender], out _, out var problem), $"{tenant}:Senders:{index}", $"{problem}; write a domain, a dot and a domain for all below it, or an address.");
        }

        return faults.Result;
    }
}

sealed class CampaignLimitsValidator : IValidateOptions<CampaignLimits>
{
    public ValidateOptionsResult Validate(string? name, CampaignLimits options)
    {
        var faults = new OptionFaults(CampaignLimits.Section);
        foreach (var (campaign, limits) in options)
        {
            faults.Require(campaign.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 && slash < campaign.Length - 1, campaign, "must be named tenant/campaign, such as acme/spring.");
            faults.Require(BudgetNames.IsRight(campaign), campaign, "must be called by 1 to 200 characters.");
            faults.Require(limits.Weight is >= 1 and <= 1000, $"{campaign}:Weight", "must be 1 to 1000.");
        }

        return faults.Result;
    }
}

sealed class BudgetOptionsValidator : IValidateOptions<BudgetOptions>
{
    public ValidateOptionsResult Validate(string? name, BudgetOptions options)
    {
        var faults = new OptionFaults(BudgetOptions.Section);
        faults.Positive(options.BlockTime, nameof(options.BlockTime));
        faults.Positive(options.RenewEvery, nameof(options.RenewEvery));
        faults.Require(options.LeaseTime >= options.RenewEvery * 3, nameof(options.LeaseTime), "must be at least three times RenewEvery.");
        return faults.Result;
    }
}
