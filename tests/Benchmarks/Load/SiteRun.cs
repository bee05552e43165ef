using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Orleans.Mail.Support;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Benchmarks.Load;

/// <summary>One silo, one receiving site of ours, and a client in this process that follows every event.</summary>
sealed class SiteRun : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    readonly string _folder = Directory.CreateTempSubdirectory("mail-bench-").FullName;
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<MessageId, Times> _times = new();
    SmtpReceiver _receiver = null!;
    SiloProcess _silo = null!;
    OwnedMail _mail = null!;

    public static async Task<SiteRun> StartAsync(IReceiverBehavior behavior, ReceiverOptions receiver, params (string Key, string Value)[] settings)
    {
        var run = new SiteRun { _receiver = SmtpReceiver.Start(receiver, behavior, TimeProvider.System) };
        run._silo = await SiloProcess.StartReadyAsync(new SiloSettings { Folder = run._folder }.DeliveringTo(run._receiver.EndPoint.Port).With(settings));
        run._mail = await OwnedMail.ConnectAsync(run._silo.GatewayPort);
        _ = run.FollowAsync();
        return run;
    }

    public IEnumerable<Times> All => _times.Values;

    public void DropSessions() => _receiver.DropSessions();

    public async Task SubmitAsync(int count, string name, Priority priority = Priority.Normal, int tenants = 1, double perSecond = 0)
    {
        using var places = new SemaphoreSlim(512);
        var start = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            if (perSecond > 0)
            {
                var ahead = TimeSpan.FromSeconds(i / perSecond) - TimeProvider.System.GetElapsedTime(start);
                if (ahead > TimeSpan.Zero) await Task.Delay(ahead, TimeProvider.System);
            }

            await places.WaitAsync();
            _ = SubmitOneAsync(i);
        }

        for (var i = 0; i < 512; i++) await places.WaitAsync();

        async Task SubmitOneAsync(int number)
        {
            var content = Encoding.ASCII.GetBytes($"From: <bench@sender.test>\r\nSubject: {name} {number}\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{name}.{number}@sender.test>\r\n\r\nHello.\r\n");
            var began = TimeProvider.System.GetUtcNow();
            try
            {
                var submission = await _mail.Client.SubmitAsync(MailDraft.FromEml(content, "bench@sender.test", $"{name}{number}@site.test") with { Tenant = $"{name}-{number % tenants}", Priority = priority });
                var times = _times.GetOrAdd(submission.Id, static _ => new Times());
                times.Name = name;
                times.Submitted = began;
            }
            finally
            {
                places.Release();
            }
        }
    }

    /// <summary>Waits as long as it goes forward.</summary>
    public async Task WaitAsync(Func<int> progress, int wanted)
    {
        var (seen, since) = (-1, TimeProvider.System.GetTimestamp());
        while (progress() is var now && now < wanted)
        {
            if (now != seen) (seen, since) = (now, TimeProvider.System.GetTimestamp());
            else if (TimeProvider.System.GetElapsedTime(since) > Patience) throw new TimeoutException($"{now} of {wanted}.{Environment.NewLine}{_silo.Output}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    async Task FollowAsync()
    {
        try
        {
            await foreach (var item in _mail.Client.SubscribeAsync(from: EventPosition.Start, cancellationToken: _stop.Token))
            {
                var times = _times.GetOrAdd(item.MessageId, static _ => new Times());
                if (item.Type == EventType.Attempting) times.FirstAttempt ??= item.At;
                else if (item.Type == EventType.Deferred) times.Deferred ??= item.At;
                else if (item.Type == EventType.Delivered) times.Delivered = item.At;
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _mail.DisposeAsync();
        await _silo.DisposeAsync();
        await _receiver.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What became of one message, and when. Times are those of the service's events.</summary>
    public sealed class Times
    {
        public string? Name { get; set; }

        public DateTimeOffset Submitted { get; set; }

        public DateTimeOffset? FirstAttempt { get; set; }

        public DateTimeOffset? Deferred { get; set; }

        public DateTimeOffset? Delivered { get; set; }
    }

    sealed class OwnedMail(IMailClient client, IAsyncDisposable owner) : IAsyncDisposable
    {
        public IMailClient Client => client;

        public static async Task<OwnedMail> ConnectAsync(int gateway)
        {
            var mail = await MailClient.ConnectAsync(
                client => client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, gateway)).Configure<Orleans.Configuration.ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("orleans-mail", "orleans-mail")),
                options => options.SubmitTimeout = TimeSpan.FromMinutes(5));
            return new OwnedMail(mail, mail);
        }

        public ValueTask DisposeAsync() => owner.DisposeAsync();
    }
}
