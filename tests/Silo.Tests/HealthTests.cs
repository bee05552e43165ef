using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Silo.Tests;

public sealed class HealthTests
{
    sealed class Health : ISpoolHealth
    {
        public SpoolFault? Fault { get; set; }

        public DateTimeOffset? Since => null;
    }

    [Fact]
    public async Task Ready_tells_a_spool_fault_and_a_stop_while_live_does_not()
    {
        var health = new Health();
        await using var silo = await RunningSilo.StartAsync();
        foreach (var question in new[] { "startup", "ready", "live" }) Assert.Equal(HttpStatusCode.OK, await AskAsync(silo, question));

        await using var broken = await RunningSilo.StartAsync(builder => builder.Services.PostConfigure<Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckServiceOptions>(options =>
            options.Registrations.Single(check => check.Name == "spool").Factory = _ => new Orleans.Mail.Silo.Health.SpoolHealthCheck(health)));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(broken, "ready"));
        health.Fault = SpoolFault.Full;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await AskAsync(broken, "ready"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(broken, "live"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(broken, "startup"));
    }

    [Fact]
    public async Task Ready_is_refused_while_the_host_stops()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var silo = await RunningSilo.StartAsync();
        silo.App.Lifetime.ApplicationStopping.Register(() =>
        {
            reached.TrySetResult();
            release.Task.Wait();
        });
        var stopping = Task.Run(() => silo.App.StopAsync());
        await reached.Task;
        try
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await AskAsync(silo, "ready"));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(silo, "live"));
        }
        finally
        {
            release.SetResult();
            await stopping;
        }
    }

    [Fact]
    public async Task Metrics_show_what_the_service_did()
    {
        await using var silo = await RunningSilo.StartAsync();
        await silo.StatusAsync(await silo.SubmitAsync("ann@delivered.test"), status => status.IsFinal);
        var text = await silo.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Contains("orleans_mail_", text, StringComparison.Ordinal);
        Assert.DoesNotContain("delivered.test", text, StringComparison.Ordinal);
    }

    static async Task<HttpStatusCode> AskAsync(RunningSilo silo, string question)
    {
        using var answer = await silo.Http.GetAsync(new Uri("/health/" + question, UriKind.Relative));
        return answer.StatusCode;
    }
}
