using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Orleans.Mail.Grains.Diagnostics;

namespace Orleans.Mail.Silo.Hosting;

static class Telemetry
{
    /// <summary>Metrics on <c>/metrics</c>; metrics and traces by OTLP where an endpoint is configured.</summary>
    public static void AddMailTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var endpoint = configuration[$"{MailSiloOptions.Section}:{nameof(MailSiloOptions.OtlpEndpoint)}"];
        var telemetry = services.AddOpenTelemetry()
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(MailInstruments.Name, "Microsoft.Orleans").AddRuntimeInstrumentation().AddPrometheusExporter();
                if (endpoint is not null) metrics.AddOtlpExporter(options => options.Endpoint = new Uri(endpoint));
            });
        // Without somebody to send them to, spans would only cost time.
        if (endpoint is not null)
            telemetry.WithTracing(traces => traces.AddSource(MailInstruments.Name, "Microsoft.Orleans.*").AddOtlpExporter(options => options.Endpoint = new Uri(endpoint)));
    }
}
