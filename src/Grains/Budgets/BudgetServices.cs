using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>What all sites of a silo share.</summary>
sealed record BudgetServices(BudgetTable Table, SourcePool Sources, IGrainFactory Grains, BudgetOptions Options, TimeProvider Clock, ILogger Log);

/// <summary>What a domain grain does for its budgets.</summary>
/// <param name="Waiting">The tickets in its queue.</param>
/// <param name="OpenSessions">Sessions that hold a lease.</param>
/// <param name="Window">Sessions that the site itself allows.</param>
/// <param name="Changed">Something that waited may go.</param>
/// <param name="LookAgainAt">Looks again then.</param>
/// <param name="MostOfOne">Tickets that wait in the queue for one limit; others wait outside memory.</param>
/// <param name="SendAway">Takes all of a tenant, campaign or domain out of the queue; each ticket is told when to come back.</param>
/// <param name="PlaceAgain">Other domains may be limited than before: each ticket is to stand where <see cref="SiteBudgets.KeyOf"/> says.</param>
sealed record SiteBudgetHooks(
    Func<IEnumerable<Ticket>> Waiting,
    Func<int> OpenSessions,
    Func<int> Window,
    Action Changed,
    Action<DateTimeOffset> LookAgainAt,
    Func<int> MostOfOne,
    Action<FairKey, Func<Ticket, AwayTicket>> SendAway,
    Action PlaceAgain);

static class BudgetServiceExtensions
{
    /// <summary>Limits that sites share. Needs the clock and the options of routing.</summary>
    public static IServiceCollection AddMailBudgets(this IServiceCollection services)
    {
        services.AddOptions<TenantLimits>().BindConfiguration(TenantLimits.Section).ValidateOnStart();
        services.AddOptions<CampaignLimits>().BindConfiguration(CampaignLimits.Section).ValidateOnStart();
        services.AddOptions<BudgetOptions>().BindConfiguration(BudgetOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TenantLimits>, TenantLimitsValidator>();
        services.AddSingleton<IValidateOptions<CampaignLimits>, CampaignLimitsValidator>();
        services.AddSingleton<IValidateOptions<BudgetOptions>, BudgetOptionsValidator>();
        services.AddSingleton<SourceWarmup>();
        services.AddSingleton(provider => new SourcePool(provider.GetRequiredService<SourceWarmup>(), Clock(provider)));
        services.AddSingleton<BudgetTable>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, BudgetKeeper>();
        return services.AddSingleton(provider => new BudgetServices(
            provider.GetRequiredService<BudgetTable>(), provider.GetRequiredService<SourcePool>(), provider.GetRequiredService<IGrainFactory>(),
            provider.GetRequiredService<IOptions<BudgetOptions>>().Value, Clock(provider), provider.GetRequiredService<ILogger<SiteBudgets>>()));
    }

    static TimeProvider Clock(IServiceProvider provider) => provider.GetRequiredKeyedService<TimeProvider>(MailClocks.Service);
}
