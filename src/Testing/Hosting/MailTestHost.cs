using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using Orleans.Mail.Grains;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Storage;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.Receiving;
using Orleans.TestingHost;

namespace Orleans.Mail.Testing;

/// <summary>
/// The whole service inside a test: the real grains, a real spool in a temporary folder, real SMTP to scripted receivers on loopback, and a clock
/// that skips time, so that an expiry after five days is seen in a moment.
/// </summary>
public sealed class MailTestHost : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("orleans-mail-").FullName;
    readonly SkippingTimeProvider _time = new();
    readonly TestReceivers _receivers = new();
    readonly SmtpReceiver _receiver;
    readonly RestartableClient _client = new();
    readonly Action<DeliveryOptions>? _configure;
    InProcessTestCluster? _cluster;

    MailTestHost(Action<DeliveryOptions>? configure)
    {
        _configure = configure;
        _receiver = SmtpReceiver.Start(new ReceiverOptions(), _receivers, TimeProvider.System);
        Clock = new TestClock(_time, _client);
    }

    /// <summary>The time of the service, of its client and of nothing else.</summary>
    public TestClock Clock { get; }

    /// <summary>Stays valid over <see cref="RestartSiloAsync"/>, and so do its submissions; subscriptions end there.</summary>
    public IMailClient Client => _client;

    /// <param name="configure">Changes to how messages are delivered, such as <see cref="DeliveryOptions.Backoff"/>.</param>
    public static async Task<MailTestHost> StartAsync(Action<DeliveryOptions>? configure = null)
    {
        var host = new MailTestHost(configure);
        try
        {
            await host.StartSiloAsync().ConfigureAwait(false);
            return host;
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// The receiving host of a domain, to be told how to answer. Domains without one take everything, but for those that fail by their name, such as
    /// <c>550-5.1.1.test</c> and <c>deferred.test</c>.
    /// </summary>
    public TestReceiver Receiver(string domain) => _receivers.Of(domain);

    /// <summary>What arrived for an address, oldest first; once more for each time that it arrived.</summary>
    public IReadOnlyList<MimeMessage> Inbox(string address) => _receivers.Inbox(address);

    /// <summary>Ends the silo without a graceful stop and starts another one on the same spool.</summary>
    public async Task RestartSiloAsync()
    {
        var cluster = _cluster ?? throw new ObjectDisposedException(nameof(MailTestHost));
        await cluster.KillSiloAsync(cluster.Silos[0]).ConfigureAwait(false);
        await cluster.DisposeAsync().ConfigureAwait(false);
        await StartSiloAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _cluster, null) is { } cluster) await cluster.DisposeAsync().ConfigureAwait(false);
        await _receiver.DisposeAsync().ConfigureAwait(false);
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    async Task StartSiloAsync()
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            var services = silo.Services;
            services.AddKeyedSingleton<TimeProvider>(MailClocks.Service, _time);
            services.AddSingleton(new CaptureTarget { Endpoint = _receiver.EndPoint });
            services.AddSqliteSpool(options => options.Folder = _folder);
            services.AddMailTransport();
            silo.AddReminders();
            services.AddSqliteReminders();
            silo.AddMailGrains();
            services.PostConfigure<DeliveryOptions>(options =>
            {
                options.Mode = DeliveryMode.Capture;
                _configure?.Invoke(options);
            });
            // Reminders know nothing of skipped time: the sweep wakes what is due.
            services.PostConfigure<SpoolOptions>(options =>
            {
                options.SweepInterval = TimeSpan.FromMilliseconds(20);
                options.SweepGrace = TimeSpan.Zero;
            });
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync().ConfigureAwait(false);
        _client.Current = new MailClient(_cluster.Client, clock: _time);
    }
}
