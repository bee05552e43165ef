using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Orleans.Mail.Api;

/// <summary>Healthy while a silo answers.</summary>
sealed class GatewayCheck(IGrainFactory grains, TimeProvider clock) : IHealthCheck
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await grains.GetGrain<IMailServiceGrain>(0).DescribeAsync().WaitAsync(Patience, clock, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException or InvalidOperationException)
        {
            return HealthCheckResult.Unhealthy("no silo answers");
        }
    }
}
