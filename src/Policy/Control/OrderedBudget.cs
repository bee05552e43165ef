using System.Text.Json;
using System.Text.Json.Serialization;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Control;

/// <summary>
/// Limits of a tenant, a campaign or a recipient domain as a standing order writes them: <c>{"rate":"100/1h"}</c>; for a tenant also
/// <c>dailyQuota</c> and <c>maxConcurrent</c>.
/// </summary>
public static class OrderedBudget
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    /// <summary>Whose budget an order limits, as the budget's key; null where it limits none.</summary>
    public static string? KeyOf(OrderScope scope) => scope switch
    {
        { Site: not null } or { Relay: not null } or { Source: not null } => null,
        { Domain: { } domain, Tenant: null, Campaign: null } => BudgetKeys.OfDomain(domain),
        { Domain: null, Tenant: { } tenant, Campaign: var campaign } => BudgetKeys.OfSender(tenant, campaign),
        _ => null,
    };

    /// <summary>The limits, or what is wrong with the text and what to do.</summary>
    /// <param name="scope">Whom the order concerns.</param>
    /// <param name="detail">The order's.</param>
    public static (BudgetLimit Limit, string? Problem) Read(OrderScope scope, string? detail)
    {
        var isTenant = scope is { Tenant: not null, Campaign: null };
        var members = isTenant ? "rate, dailyQuota, maxConcurrent" : "rate";
        var wrong = $$"""The limits must be JSON such as {"rate":"100/1h"}, with {{(isTenant ? "at least one of " : "")}}{{members}}.""";
        Form? form;
        try
        {
            form = JsonSerializer.Deserialize<Form>(detail ?? "", Json);
        }
        catch (JsonException)
        {
            return (default, wrong);
        }

        if (form is null || (!isTenant && (form.DailyQuota ?? form.MaxConcurrent) is not null)) return (default, wrong);
        RateLimit? rate = null;
        if (form.Rate is not null && !RateLimit.TryParse(form.Rate, out rate)) return (default, "A rate is written as 100/1h, or as 10/1s, burst 20 (units ms, s, m, h, d).");
        if (form.DailyQuota < 1 || form.MaxConcurrent < 1) return (default, "dailyQuota and maxConcurrent are greater than zero; to let nothing go, suspend.");
        var limit = new BudgetLimit(rate, form.DailyQuota, form.MaxConcurrent);
        return limit == default ? (default, wrong) : (limit, null);
    }

    sealed record Form
    {
        public string? Rate { get; init; }
        public int? DailyQuota { get; init; }
        public int? MaxConcurrent { get; init; }
    }
}
