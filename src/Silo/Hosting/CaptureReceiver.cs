using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>
/// Mode Capture: a real SMTP receiver on loopback that keeps what arrives and lets the failure addresses fail. It is registered before the
/// silo, so that it listens before the first delivery and stops after the last.
/// </summary>
sealed partial class CaptureReceiver(
    CaptureTarget target, CaptureStore store, IOptions<MailSiloOptions> options, TimeProvider clock, ILogger<CaptureReceiver> log) : IHostedService, IAsyncDisposable
{
    SmtpReceiver? _receiver;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _receiver = SmtpReceiver.Start(new ReceiverOptions { Port = options.Value.CapturePort }, new FailureAddresses(store), clock);
        target.Endpoint = _receiver.EndPoint;
        LogListening(_receiver.EndPoint.Port, options.Value.CaptureFolder ?? "memory");
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _receiver, null) is { } receiver) await receiver.DisposeAsync();
    }

    [LoggerMessage(2002, LogLevel.Information, "Nothing leaves this machine: mail is captured on port {Port} and kept in {Place}.")]
    partial void LogListening(int port, string place);
}

static class CaptureServices
{
    /// <summary>The inbox of the modes without a network: the newest mails, in memory and, where configured, in a folder.</summary>
    public static IServiceCollection AddCaptureStore(this IServiceCollection services) => services.AddSingleton(provider =>
        new CaptureStore(provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<IOptions<MailSiloOptions>>().Value.CaptureFolder));
}
