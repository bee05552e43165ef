using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Orleans.Mail.Api;

/// <summary>The api: a client of the cluster that answers over HTTP. For now it reads: what became of messages, and what stands by order.</summary>
public static class MailApi
{
    // Added by the ingress once it has checked the caller's token, and removed by it from what callers send.
    const string Principal = "X-MS-CLIENT-PRINCIPAL-ID";

    // Where the service itself asks for no other wait.
    static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <param name="args">Command line, as configuration.</param>
    /// <param name="configure">Last word on configuration and services.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        Default(builder.Configuration);
        builder.Services.AddOptions<ApiOptions>().BindConfiguration(ApiOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsValidator>();
        builder.Services.AddProblemDetails();
        builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Use(json.SerializerOptions));
        // Questions about health are answered while silos are still waited for.
        builder.Services.Configure<HostOptions>(host => host.ServicesStartConcurrently = true);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddOrleansMailClient();
        builder.Services.AddSingleton<IClientConnectionRetryFilter, SiloWait>();
        builder.Services.AddHealthChecks()
            .AddCheck("started", () => HealthCheckResult.Healthy(), ["startup", "live"])
            .AddCheck<GatewayCheck>("gateway", tags: ["ready"]);
        configure?.Invoke(builder);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        foreach (var question in new[] { "startup", "ready", "live" })
            app.MapHealthChecks($"/health/{question}", new HealthCheckOptions { Predicate = check => check.Tags.Contains(question) });
        MapReads(app.MapGroup("/v1").AddEndpointFilter(KnownCallersOnly));
        return app;
    }

    // What holds where nothing else is said. Not a file: in a folder with a silo's, one of the two would win.
    static void Default(ConfigurationManager configuration) => configuration.Sources.Insert(0, new MemoryConfigurationSource
    {
        InitialData = new Dictionary<string, string?>
        {
            ["Urls"] = "http://localhost:8080",
            ["Logging:LogLevel:Default"] = "Information",
            ["Logging:LogLevel:Microsoft"] = "Warning",
            ["Logging:LogLevel:Orleans"] = "Warning",
        },
    });

    static void MapReads(RouteGroupBuilder api)
    {
        api.MapGet("/messages/{id}", async (string id, IMailClient mail, CancellationToken stopping) =>
            MessageId.TryParse(id, out var message) && await mail.GetStatusAsync(message, stopping) is { } status ? Results.Ok(status) : Results.NotFound());
        api.MapGet("/messages", async ([AsParameters] MessageFilter filter, IMailClient mail, IOptions<ApiOptions> options, CancellationToken stopping) =>
        {
            if (filter.Faults() is { Count: > 0 } faults) return Results.ValidationProblem(faults);
            var limit = Math.Min(filter.Limit ?? int.MaxValue, options.Value.MaxListed);
            return Results.Ok(await mail.ListAsync(filter.ToQuery(), stopping).Take(limit).ToListAsync(stopping));
        });
        api.MapGet("/orders", async (IMailOperations operations, CancellationToken stopping) => Results.Ok(await operations.ListOrdersAsync(stopping)));
    }

    static async ValueTask<object?> KnownCallersOnly(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var http = call.HttpContext;
        if (http.RequestServices.GetRequiredService<IOptions<ApiOptions>>().Value.Authentication is ApiAuthentication.Ingress && !http.Request.Headers.ContainsKey(Principal))
            return Results.Problem("The ingress has named no caller.", statusCode: StatusCodes.Status401Unauthorized);
        try
        {
            return await next(call);
        }
        catch (MailException exception) when (exception.IsTransient)
        {
            http.Response.Headers.RetryAfter = $"{Math.Ceiling((exception.RetryAfter ?? RetryAfter).TotalSeconds):0}";
            return Results.Problem("The mail service cannot answer now.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
