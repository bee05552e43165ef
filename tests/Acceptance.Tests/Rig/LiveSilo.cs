using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>One silo process that delivers domains to ports of this machine, and a client of it.</summary>
sealed class LiveSilo : IAsyncDisposable
{
    readonly string _folder;
    readonly SiloProcess _silo;

    LiveSilo(string folder, SiloProcess silo, MailClient mail) => (_folder, _silo, Mail) = (folder, silo, mail);

    public MailClient Mail { get; }

    public static Task<LiveSilo> StartAsync(params IReadOnlyCollection<(string Domain, int Port)> routes) => StartWithAsync([], routes);

    /// <param name="configuration">Settings below <c>OrleansMail:</c>.</param>
    /// <param name="routes">Where domains are delivered.</param>
    public static async Task<LiveSilo> StartWithAsync(IEnumerable<(string Key, string Value)> configuration, params IReadOnlyCollection<(string Domain, int Port)> routes)
    {
        var folder = Directory.CreateTempSubdirectory("mail-live-").FullName;
        var settings = new SiloSettings { Folder = folder }.With(("OrleansMail:Delivery:Mode", "Live"));
        foreach (var (key, value) in configuration) settings = settings.With(($"OrleansMail:{key}", value));
        foreach (var (domain, port) in routes) settings = settings.With(($"OrleansMail:Delivery:Routes:{domain}", $"127.0.0.1:{port}"));
        var silo = await SiloProcess.StartReadyAsync(settings);
        return new LiveSilo(folder, silo, await CrashRun.ConnectAsync(silo));
    }

    /// <summary>The events of a message up to the first that a condition names.</summary>
    public async Task<List<DeliveryEvent>> EventsUntilAsync(MessageId id, Func<DeliveryEvent, bool> isLast, TimeSpan limit)
    {
        var events = new List<DeliveryEvent>();
        using var late = new CancellationTokenSource(limit);
        try
        {
            await foreach (var item in Mail.SubscribeAsync(new EventFilter { MessageId = id }, EventPosition.Start, late.Token))
            {
                events.Add(item);
                if (isLast(item)) return events;
            }
        }
        catch (OperationCanceledException)
        {
        }

        throw new TimeoutException($"Not within {limit}; what happened: {string.Join(", ", events.Select(item => $"{item.Type} {item.Category}"))}");
    }

    public async ValueTask DisposeAsync()
    {
        await Mail.DisposeAsync();
        await _silo.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
