using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Silo.Health;

/// <summary>
/// Three questions, three answers. Startup: has the silo joined and opened its spool once? Ready: does it accept submissions now?
/// Live: does the process still make progress by itself? Live never looks at storage or at other machines: a restart would not mend those.
/// </summary>
static class MailHealth
{
    public static void AddMailHealth(this IServiceCollection services) => services.AddHealthChecks()
        .AddCheck<SiloHealthCheck>("silo", tags: ["startup", "ready"])
        .AddCheck<SpoolHealthCheck>("spool", tags: ["ready"])
        .AddCheck<ProgressHealthCheck>("progress", tags: ["live"]);

    public static void MapMailHealth(this WebApplication app)
    {
        foreach (var question in new[] { "startup", "ready", "live" })
            app.MapHealthChecks($"/health/{question}", new HealthCheckOptions { Predicate = check => check.Tags.Contains(question) });
    }
}

/// <summary>Healthy while the silo is active in its cluster and not stopping.</summary>
sealed class SiloHealthCheck(ISiloStatusOracle silos, IHostApplicationLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested) return Task.FromResult(HealthCheckResult.Unhealthy("stopping"));
        return Task.FromResult(silos.CurrentStatus is SiloStatus.Active && lifetime.ApplicationStarted.IsCancellationRequested
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"the silo is {silos.CurrentStatus}"));
    }
}

/// <summary>Healthy while the spool can store.</summary>
sealed class SpoolHealthCheck(ISpoolHealth spool) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(spool.Fault is { } fault ? HealthCheckResult.Unhealthy($"the spool is unavailable: {fault}") : HealthCheckResult.Healthy());
}

/// <summary>Healthy while the thread pool runs work within seconds: a local question, answered by doing it.</summary>
sealed class ProgressHealthCheck(TimeProvider clock) : IHealthCheck
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(static done => ((TaskCompletionSource)done!).SetResult(), progress);
        try
        {
            await progress.Task.WaitAsync(Patience, clock, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (TimeoutException)
        {
            return HealthCheckResult.Unhealthy("the process makes no progress");
        }
    }
}
