using Microsoft.Extensions.Options;
using Orleans.Mail.Grains;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Silo.Diagnostics;
using Orleans.Mail.Silo.Health;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.Dkim;
using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>The composition root: one silo, on a folder with SQLite or as a member of a cluster on Azure Storage (<see cref="MailSiloOptions.Storage"/>).</summary>
public static class MailSilo
{
    /// <param name="args">Command line, as configuration.</param>
    /// <param name="configure">Last word on configuration and services.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        configure?.Invoke(builder);
        var services = builder.Services;
        AddOptions(services, builder.Configuration);
        services.AddMailStorage(builder.Configuration, Settings(builder.Configuration).Storage);
        services.AddMailTransport();
        services.AddOptions<TransportOptions>().BindConfiguration(TransportOptions.Section);
        services.AddOptions<ResolverOptions>().BindConfiguration(ResolverOptions.Section);
        services.AddOptions<MtaStsOptions>().BindConfiguration(MtaStsOptions.Section);
        services.AddOptions<DkimOptions>().BindConfiguration(DkimOptions.Section);
        services.AddOptions<HeaderOptions>().BindConfiguration(HeaderOptions.Section);
        services.AddCaptureStore();
        if (IsMode(builder, DeliveryMode.Capture)) services.AddHostedService<CaptureReceiver>();
        if (IsMode(builder, DeliveryMode.Simulate)) services.AddSingleton<ISmtpConnector, SimulatedConnector>();
        services.AddHostedService<ModeAnnouncement>();
        builder.Host.UseOrleans(silo => ConfigureOrleans(silo, builder.Configuration));
        services.AddHostedService<QueueSnapshot>();
        services.AddMailHealth();
        services.AddMailTelemetry(builder.Configuration);
        var app = builder.Build();
        // Before anything is made from the options, so that all faults are told at once.
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        app.MapMailHealth();
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }

    static void AddOptions(IServiceCollection services, ConfigurationManager configuration)
    {
        services.AddOptions<MailSiloOptions>().BindConfiguration(MailSiloOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MailSiloOptions>, MailSiloOptionsValidator>();
        // Read past the validator: the host asks for this before the options are checked, and would hear of the first fault only.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = Settings(configuration).ShutdownTimeout);
    }

    static void ConfigureOrleans(ISiloBuilder silo, ConfigurationManager configuration)
    {
        var settings = Settings(configuration);
        silo.UseMailCluster(configuration, settings);
        silo.Configure<ReminderOptions>(reminders =>
        {
            reminders.RefreshReminderListPeriod = settings.ReminderRefresh;
            reminders.ReminderLoadingWindow = settings.ReminderWindow;
        });
        silo.BindOrleansSettings(configuration);
        silo.Services.AddClusterTlsOptions(configuration);
        if (ClusterTls.Find(configuration) is { } tls) silo.UseTls(connections => ClusterTls.Apply(tls, connections));
        silo.AddActivityPropagation();
        silo.AddMailGrains();
    }

    static MailSiloOptions Settings(ConfigurationManager configuration) =>
        configuration.GetSection(MailSiloOptions.Section).Get<MailSiloOptions>() ?? new MailSiloOptions();

    static bool IsMode(WebApplicationBuilder builder, DeliveryMode mode) =>
        builder.Configuration.GetValue($"{DeliveryOptions.Section}:{nameof(DeliveryOptions.Mode)}", DeliveryMode.Capture) == mode;
}
