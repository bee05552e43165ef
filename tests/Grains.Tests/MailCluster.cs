using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Storage;
using Orleans.Mail.Transport;
using Orleans.Serialization;
using Orleans.TestingHost;

namespace Orleans.Mail.Grains.Tests;

/// <summary>One silo with the real grains and the real spool; only the wire is scripted.</summary>
public sealed class MailCluster : IAsyncDisposable
{
    // For a machine that has much else to do: what is tested is what comes, not how soon.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    readonly string _folder = Directory.CreateTempSubdirectory("orleans-mail-").FullName;
    InProcessTestCluster _cluster = null!;
    Action<ISiloBuilder>? _also;

    /// <summary>The service's clock; the system's unless a test sets one before the start.</summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>What the silo logs at Information and above.</summary>
    public LogCapture Log { get; } = new();

    /// <summary>The spool's commits, and when they are to fail.</summary>
    public CommitFaults Faults { get; } = new();

    public ScriptedWire Wire { get; } = new();

    public IGrainFactory Grains => _cluster.Client;

    /// <summary>A service of the silo.</summary>
    public T Service<T>() where T : notnull => ((InProcessSiloHandle)_cluster.Silos[0]).ServiceProvider.GetRequiredService<T>();

    /// <summary>Gives an order and waits until the silo goes by it.</summary>
    public async Task StandAsync(StandingOrder order)
    {
        var orders = Service<Control.StandingOrders>();
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // The last to be told: all that go by orders know it then.
        orders.Changed += Hear;
        Assert.Null((await Grains.GetGrain<IControlGrain>(0).AddAsync(order)).Problem);
        await heard.Task.WaitAsync(Patience);
        orders.Changed -= Hear;

        void Hear()
        {
            if (orders.Book.Orders.Any(known => known.Id == order.Id)) heard.TrySetResult();
        }
    }

    public static async Task<MailCluster> StartAsync(Action<DeliveryOptions>? configure = null)
    {
        var cluster = new MailCluster();
        await cluster.StartSiloAsync(configure);
        return cluster;
    }

    /// <summary>Settings to start with, which stay over restarts.</summary>
    public MailCluster With<T>(Action<T> configure) where T : class
    {
        _also += silo => silo.Services.PostConfigure(configure);
        return this;
    }

    /// <summary>Starts with further settings, which stay over restarts.</summary>
    public async Task<MailCluster> StartWithAsync(Action<ISiloBuilder>? also = null)
    {
        _also += also;
        await StartSiloAsync(null);
        return this;
    }

    /// <summary>Ends the silo, lets a test do something to its spool, and starts another on the same folder.</summary>
    public async Task RestartAsync(Func<ISpool, string, Task> between)
    {
        await _cluster.KillSiloAsync(_cluster.Silos[0]);
        await _cluster.DisposeAsync();
        await using (var services = new ServiceCollection().AddSerializer().AddSqliteSpool(options => options.Folder = _folder).BuildServiceProvider())
            await between(services.GetRequiredService<ISpool>(), _folder);
        await StartSiloAsync(null);
    }

    /// <summary>Ends the silo and starts another on the same folder.</summary>
    public async Task RestartAsync(Action<DeliveryOptions>? configure = null)
    {
        await _cluster.KillSiloAsync(_cluster.Silos[0]);
        await _cluster.DisposeAsync();
        await StartSiloAsync(configure);
    }

    public async Task<SubmitResult> SubmitAsync(SubmitRequest request) => await Grains.GetGrain<IMessageGrain>(request.Id.ToString()).SubmitAsync(request);

    /// <summary>Submits many in one call and expects a receipt for each.</summary>
    public async Task<SubmitRequest[]> SubmitManyAsync(IEnumerable<SubmitRequest> requests)
    {
        SubmitRequest[] all = [.. requests];
        Assert.All(await Grains.GetGrain<IMailServiceGrain>(0).SubmitManyAsync(all), result => Assert.NotNull(result.Receipt));
        return all;
    }

    /// <summary>Submits so many, each for a recipient of its own.</summary>
    public Task<SubmitRequest[]> SubmitManyAsync(int count, Func<int, SubmitRequest> request) => SubmitManyAsync(Enumerable.Range(0, count).Select(request));

    public Task<MessageStatus?> StatusAsync(MessageId id) => Grains.GetGrain<IMessageGrain>(id.ToString()).GetStatusAsync();

    /// <summary>The first status of a message that meets a condition, told by its events.</summary>
    public async Task<MessageStatus> StatusAsync(MessageId id, Func<MessageStatus, bool> isMet)
    {
        using var limit = new CancellationTokenSource(Patience);
        var description = await Grains.GetGrain<IMailServiceGrain>(0).DescribeAsync();
        var feed = Grains.GetGrain<ISpoolGrain>(id.ShardOf(description.ShardCount)).ReadFeedAsync(-1, new EventFilter { MessageId = id }, limit.Token);
        var last = "none";
        try
        {
            await foreach (var page in feed.WithCancellation(limit.Token))
            {
                if (await StatusAsync(id) is not { } status) continue;
                if (isMet(status)) return status;
                last = status.ToString();
            }
        }
        catch (OperationCanceledException)
        {
        }

        throw new TimeoutException($"Message {id} did not come to the expected state; last: {last}");
    }

    /// <summary>Every event that the feed holds now, in order, shard after shard.</summary>
    public async Task<List<DeliveryEvent>> EventsAsync(EventFilter? filter = null)
    {
        var all = new List<DeliveryEvent>();
        for (var shard = 0; shard < (await Grains.GetGrain<IMailServiceGrain>(0).DescribeAsync()).ShardCount; shard++)
            all.AddRange((await FeedAsync(shard, -1, filter)).Select(item => item.Event));
        return all;
    }

    /// <summary>Numbered events of one shard from a position to its end.</summary>
    public async Task<List<NumberedEvent>> FeedAsync(int shard, long after, EventFilter? filter = null)
    {
        var owner = Grains.GetGrain<ISpoolGrain>(shard);
        var events = new List<NumberedEvent>();
        var end = await owner.GetFeedEndAsync();
        if (end == 0 || after == end) return events;
        using var limit = new CancellationTokenSource(Patience);
        await foreach (var page in owner.ReadFeedAsync(after, filter ?? new EventFilter(), limit.Token).WithCancellation(limit.Token))
        {
            events.AddRange(page.Numbers.Zip(page.Events, (number, item) => new NumberedEvent(number, item)));
            if (page.ReadTo >= end) break;
        }

        return events;
    }

    /// <summary>Waits for a condition that nothing announces.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isMet, string what)
    {
        var limit = Stopwatch.StartNew();
        while (!await isMet())
        {
            if (limit.Elapsed > Patience) throw new TimeoutException(what);
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
        }
    }

    public static Task UntilAsync(Func<bool> isMet, string what) => UntilAsync(() => Task.FromResult(isMet()), what);

    public static SubmitRequest Request(string recipient, string? key = null, string body = "Hello.", Priority priority = Priority.Normal) => new()
    {
        Id = key is null ? MessageId.New(TimeProvider.System) : MessageId.FromKey("t", key),
        Tenant = "t",
        IdempotencyKey = key,
        From = "sender@example.com",
        Recipients = [recipient],
        Content = Encoding.ASCII.GetBytes($"From: sender@example.com\r\nSubject: test\r\n\r\n{body}\r\n"),
        Priority = priority,
    };

    async Task StartSiloAsync(Action<DeliveryOptions>? configure)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSqliteSpool(options => options.Folder = _folder);
            silo.AddReminders();
            silo.Services.AddSqliteReminders();
            silo.Services.AddMailTransport();
            silo.Services.Configure<ResolverOptions>(resolver => resolver.AllowedAddresses.Add("127.0.0.0/8"));
            silo.Services.Configure<Transport.TlsPolicies.MtaStsOptions>(policies => policies.IsEnabled = false);
            silo.Services.AddSingleton<ISmtpConnector>(Wire);
            silo.Services.AddSingleton<IMxResolver>(Wire);
            silo.Services.AddSingleton<ISpool>(provider => Faults.Around(provider.GetRequiredService<Storage.Sqlite.SqliteSpool>()));
            if (Clock is not null) silo.Services.AddKeyedSingleton(MailClocks.Service, Clock);
            silo.AddMailGrains();
            silo.Services.PostConfigure<DeliveryOptions>(options =>
            {
                options.Mode = DeliveryMode.Live;
                options.Backoff = [TimeSpan.FromSeconds(1)];
                configure?.Invoke(options);
            });
            _also?.Invoke(silo);
            silo.ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(Log));
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Wire.Open();
        await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
