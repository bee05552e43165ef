using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Mail.Diagnostics;
using Orleans.Mail.Drafts;
using Orleans.Mail.Feeds;
using Orleans.Mail.Operations;
using Orleans.Mail.Submitting;

namespace Orleans.Mail;

/// <summary>
/// The mail service over an Orleans client, or over the silo it runs in. Thread-safe: register one
/// (<c>AddOrleansMailClient</c>), or open one for a script (<see cref="ConnectAsync"/>).
/// </summary>
public sealed class MailClient : IMailClient, IFeedEndSource, IOperationsSource, IAsyncDisposable, IDisposable
{
    readonly IGrainFactory _grains;
    readonly MailClientOptions _options;
    readonly TimeProvider _clock;
    readonly Submitter _submitter;
    readonly GrainCalls _calls;
    readonly ServiceShape _shape;
    readonly FeedReader _feeds;
    readonly ShardLists _lists;
    IHost? _ownedHost;

    /// <param name="grains">An Orleans client, or a silo's own grain factory.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="clock">Null for the system's.</param>
    /// <param name="log">Null for none.</param>
    public MailClient(IGrainFactory grains, IOptions<MailClientOptions>? options = null, TimeProvider? clock = null, ILogger<MailClient>? log = null)
        : this(grains, options?.Value ?? new MailClientOptions(), clock ?? TimeProvider.System, SystemChance, log)
    {
    }

    internal MailClient(IGrainFactory grains, MailClientOptions options, TimeProvider clock, Func<double> chance, ILogger? log = null)
    {
        ArgumentNullException.ThrowIfNull(grains);
        var logger = log ?? NullLogger.Instance;
        _grains = grains;
        _options = options;
        _clock = clock;
        _submitter = new Submitter(new SubmitQueue(grains, options, clock), options, clock, chance);
        _calls = new GrainCalls(options, clock, chance);
        _shape = new ServiceShape(grains, _calls);
        _feeds = new FeedReader(grains, _shape, _calls, options, clock, chance, logger);
        _lists = new ShardLists(grains, _shape, _calls, options);
        Operations = new MailOperations(grains, _calls, options);
    }

    /// <summary>What may be asked beyond the five members of <see cref="IMailClient"/>.</summary>
    public IMailOperations Operations { get; }

    TimeProvider IFeedEndSource.Clock => _clock;

    /// <summary>A client with a connection of its own, for scripts and tools. Dispose of it.</summary>
    /// <param name="configure">How to reach the cluster; null for configuration (<c>Orleans</c> section) or, without one, a service on this machine.</param>
    /// <param name="options">Changes to the defaults.</param>
    /// <param name="connectTimeout">How long to try; null for ten seconds.</param>
    /// <param name="cancellationToken">Stops trying.</param>
    /// <exception cref="MailException">With <see cref="MailErrorCode.Unreachable"/>: no service answered in time.</exception>
    public static async Task<MailClient> ConnectAsync(
        Action<IClientBuilder>? configure = null,
        Action<MailClientOptions>? options = null,
        TimeSpan? connectTimeout = null,
        CancellationToken cancellationToken = default)
    {
        var (host, client) = await OwnedHost.StartAsync(configure, options, connectTimeout ?? TimeSpan.FromSeconds(10), cancellationToken).ConfigureAwait(false);
        client._ownedHost = host;
        return client;
    }

    public async Task<Submission> SubmitAsync(MailDraft draft, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(draft);
        cancellationToken.ThrowIfCancellationRequested();
        var started = _clock.GetTimestamp();
        using var activity = MailClientTelemetry.StartSubmit();
        try
        {
            var request = DraftReader.Read(draft, _options, _clock, MailClientTelemetry.TraceParent(activity));
            var receipt = await _submitter.SubmitAsync(request, cancellationToken).ConfigureAwait(false);
            MailClientTelemetry.Submitted(activity, receipt.Id, _clock.GetElapsedTime(started));
            // Without a key only this very call can have submitted the id before.
            return new Submission(this, receipt.Id, receipt.AcceptedAt, receipt.WasDuplicate && draft.IdempotencyKey is not null);
        }
        catch (Exception exception)
        {
            var type = exception is MailException mail ? mail.Code.ToString() : exception.GetType().Name;
            MailClientTelemetry.Failed(activity, type, _clock.GetElapsedTime(started));
            throw;
        }
    }

    public Task<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken = default) =>
        _calls.InvokeAsync(() => Message(id).GetStatusAsync(), id, cancellationToken);

    public Task<CancelResult> CancelAsync(MessageId id, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return _calls.InvokeAsync(attempt => CancelOnceAsync(id, reason, attempt), id, cancellationToken);
    }

    public IAsyncEnumerable<DeliveryEvent> SubscribeAsync(EventFilter? filter = null, EventPosition? from = null, CancellationToken cancellationToken = default) =>
        _feeds.ReadAsync(filter ?? new EventFilter(), from, cancellationToken);

    public IAsyncEnumerable<MessageStatus> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default) =>
        _lists.ReadAsync(query ?? new ListQuery(), cancellationToken);

    async Task<EventPosition> IFeedEndSource.GetFeedEndAsync(MessageId id, CancellationToken cancellationToken)
    {
        var shardCount = await _shape.GetShardCountAsync(cancellationToken).ConfigureAwait(false);
        return await _feeds.GetEndAsync([id.ShardOf(shardCount)], shardCount, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the connection where this client opened it (<see cref="ConnectAsync"/>).</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ownedHost, null) is not { } host) return;
        await host.StopAsync().ConfigureAwait(false);
        host.Dispose();
    }

    /// <summary>As <see cref="DisposeAsync"/>, without saying goodbye.</summary>
    public void Dispose() => Interlocked.Exchange(ref _ownedHost, null)?.Dispose();

    async Task<CancelResult> CancelOnceAsync(MessageId id, string reason, int attempt)
    {
        var result = await Message(id).CancelAsync(reason).ConfigureAwait(false);
        if (result != CancelResult.AlreadyFinal || attempt == 1) return result;
        // An earlier try whose answer was lost may be the one that ended it.
        var status = await Message(id).GetStatusAsync().ConfigureAwait(false);
        return status?.State == MailState.Cancelled ? CancelResult.Cancelled : result;
    }

    IMessageGrain Message(MessageId id) => _grains.GetGrain<IMessageGrain>(id.ToString());

    static double SystemChance() => System.Security.Cryptography.RandomNumberGenerator.GetInt32(1 << 20) / (double)(1 << 20);
}
