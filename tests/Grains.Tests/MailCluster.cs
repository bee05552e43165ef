using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Storage;
using Orleans.Mail.Transport;
using Orleans.TestingHost;

namespace Orleans.Mail.Grains.Tests;

/// <summary>One silo with the real grains and the real spool; only the wire is scripted.</summary>
public sealed class MailCluster : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly string _folder = Directory.CreateTempSubdirectory("orleans-mail-").FullName;
    InProcessTestCluster _cluster = null!;

    public ScriptedWire Wire { get; } = new();

    public IGrainFactory Grains => _cluster.Client;

    public static async Task<MailCluster> StartAsync(Action<DeliveryOptions>? configure = null)
    {
        var cluster = new MailCluster();
        await cluster.StartSiloAsync(configure);
        return cluster;
    }

    /// <summary>Ends the silo and starts another on the same folder.</summary>
    public async Task RestartAsync(Action<DeliveryOptions>? configure = null)
    {
        await _cluster.KillSiloAsync(_cluster.Silos[0]);
        await _cluster.DisposeAsync();
        await StartSiloAsync(configure);
    }

    public async Task<SubmitResult> SubmitAsync(SubmitRequest request) => await Grains.GetGrain<IMessageGrain>(request.Id.ToString()).SubmitAsync(request);

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
            silo.Services.AddSingleton<ISmtpConnector>(Wire);
            silo.Services.AddSingleton<IMxResolver>(Wire);
            silo.AddMailGrains();
            silo.Services.PostConfigure<DeliveryOptions>(options =>
            {
                options.Mode = DeliveryMode.Live;
                options.Backoff = [TimeSpan.FromSeconds(1)];
                configure?.Invoke(options);
            });
            silo.ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddConsole());
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>The outside world: every domain has one host, and a script says how recipients are answered.</summary>
public sealed class ScriptedWire : ISmtpConnector, IMxResolver
{
    public ConcurrentQueue<SmtpTransaction> Received { get; } = new();

    public Func<SmtpTransaction, AttemptTranscript> Answer { get; set; } = Accept;

    public Func<SmtpTarget, SessionFailure?> OnConnect { get; set; } = _ => null;

    /// <summary>While set, sessions tell it that they got this far, and never answer.</summary>
    public TaskCompletionSource? Hold { get; set; }

    public static AttemptTranscript Accept(SmtpTransaction transaction)
    {
        transaction.BeforeEndOfData?.Invoke();
        return new AttemptTranscript
        {
            MailFromReply = SmtpReply.Create(250, "2.1.0 Ok"),
            RecipientReplies = [.. transaction.Recipients.Select(_ => SmtpReply.Create(250, "2.1.5 Ok"))],
            EndOfDataReply = SmtpReply.Create(250, "2.0.0 Ok: queued"),
        };
    }

    public static AttemptTranscript Refuse(SmtpTransaction transaction, int code, string text) => new()
    {
        MailFromReply = SmtpReply.Create(250, "2.1.0 Ok"),
        RecipientReplies = [.. transaction.Recipients.Select(_ => SmtpReply.Create(code, text))],
    };

    public static AttemptTranscript LoseReply(SmtpTransaction transaction) => Accept(transaction) with
    {
        EndOfDataReply = null,
        IsInDoubt = true,
        Failure = new SessionFailure(SmtpPhase.EndOfData, SessionFailureKind.ConnectionLost, null, "lost"),
    };

    public ValueTask<MxAnswer> ResolveAsync(string domain, CancellationToken cancellationToken) =>
        new(new MxAnswer(MxStatus.Hosts, [new MxHost(10, $"mx.{domain}", [IPAddress.Loopback])], DateTimeOffset.MaxValue));

    public Task<ConnectResult> ConnectAsync(SmtpTarget target, CancellationToken cancellationToken) =>
        Task.FromResult(OnConnect(target) is { } failure ? new ConnectResult(null, failure) : new ConnectResult(new Session(this, target.Host), null));

    sealed class Session(ScriptedWire wire, string host) : ISmtpSession
    {
        public string Host => host;

        public string? Tls => null;

        public bool IsUsable { get; private set; } = true;

        public int TransactionCount { get; private set; }

        public async Task<AttemptTranscript> SendAsync(SmtpTransaction transaction, CancellationToken cancellationToken)
        {
            TransactionCount++;
            if (wire.Hold is { } hold)
            {
                hold.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
            }

            var transcript = wire.Answer(transaction);
            wire.Received.Enqueue(transaction);
            IsUsable = transcript.Failure is null;
            return transcript;
        }

        public Task QuitAsync() => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
