using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Suppression;

namespace Orleans.Mail.Grains.Control;

/// <summary>Registers what operators decide: standing orders and the suppression list. A settings store must be registered beside them.</summary>
static class ControlServices
{
    public static IServiceCollection AddControl(this IServiceCollection services)
    {
        services.AddOptions<ControlOptions>().BindConfiguration(ControlOptions.Section).ValidateOnStart();
        services.AddOptions<SuppressionOptions>().BindConfiguration(SuppressionOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ControlOptions>, ControlOptionsValidator>();
        services.AddSingleton<IValidateOptions<SuppressionOptions>, SuppressionOptionsValidator>();
        services.AddSingleton<StandingOrders>();
        services.AddSingleton<SuppressionList>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<StandingOrders>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<SuppressionList>());
        return services;
    }
}
