using System.Text.Json;
using System.Text.Json.Serialization;
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
        builder.Services.AddSingleton<GatewayWatch>();
        builder.AddOrleansMailClient(configureClient: MailClientHosting.UseNearbyService);
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
            if (filter.Limit is < 1) return Results.Problem("limit must be at least 1.", statusCode: StatusCodes.Status400BadRequest);
            var found = new List<MessageStatus>();
            await foreach (var status in mail.ListAsync(filter.ToQuery(), stopping))
            {
                found.Add(status);
                if (found.Count == Math.Min(filter.Limit ?? options.Value.MaxListed, options.Value.MaxListed)) break;
            }

            return Results.Ok(found);
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
            http.Response.Headers.RetryAfter = "5";
            return Results.Problem("The mail service cannot answer now.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}

/// <summary>Which messages to list. A state may be named in any case.</summary>
sealed record MessageFilter(string? Tenant, string? State, string? Campaign, string? Tag, int? Limit)
{
    public ListQuery ToQuery() => new() { Tenant = Tenant, State = State is { Length: > 0 } ? new MailState(char.ToUpperInvariant(State[0]) + State[1..].ToLowerInvariant()) : null, Campaign = Campaign, Tag = Tag };
}

/// <summary>Names and ids as plain text.</summary>
static class ApiJson
{
    public static void Use(JsonSerializerOptions options)
    {
        options.Converters.Add(new JsonStringEnumConverter());
        options.Converters.Add(new TextConverter<MailState>());
        options.Converters.Add(new TextConverter<MessageId>());
        options.Converters.Add(new TextConverter<EnhancedStatus>());
    }

    sealed class TextConverter<T> : JsonConverter<T> where T : struct
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("The api takes no such value.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}

/// <summary>Silos that are not there yet are waited for; readiness and the log tell it.</summary>
sealed partial class SiloWait(TimeProvider clock, ILogger<SiloWait> log) : IClientConnectionRetryFilter
{
    static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    int _tries;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        LogWaits(exception.Message);
        var wait = Step * ++_tries;
        await Task.Delay(wait < Longest ? wait : Longest, clock, cancellationToken);
        return !cancellationToken.IsCancellationRequested;
    }

    [LoggerMessage(1, LogLevel.Warning, "No silo can be reached yet; it is tried again: {Reason}")]
    partial void LogWaits(string reason);
}

/// <summary>Knows whether a silo can be talked to.</summary>
sealed class GatewayWatch(IGrainFactory grains, TimeProvider clock)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<bool> AnswersAsync(CancellationToken stopping)
    {
        try
        {
            await grains.GetGrain<IMailServiceGrain>(0).DescribeAsync().WaitAsync(Patience, clock, stopping);
            return true;
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException or InvalidOperationException)
        {
            return false;
        }
    }
}

/// <summary>Healthy while a silo answers.</summary>
sealed class GatewayCheck(GatewayWatch gateways) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await gateways.AnswersAsync(cancellationToken) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("no silo answers");
}
