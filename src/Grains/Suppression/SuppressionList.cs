using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Suppression;

/// <summary>
/// The suppression list as this silo knows it. Costs nothing while the list is empty, and a hash for an address that is not on it; one that may
/// be is looked up in the store. Behind the list by the time of a call, or by <see cref="ControlOptions.PollTime"/> when an answer was lost.
/// </summary>
sealed partial class SuppressionList : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    readonly IGrainFactory _grains;
    readonly ISettingsStore _settings;
    readonly SuppressionOptions _options;
    readonly ILogger _log;
    readonly LongPoll _poll;
    readonly Lock _lock = new();
    readonly HashSet<ulong> _names = [];
    readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    long _epoch;
    long _number;

    public SuppressionList(IGrainFactory grains, ISettingsStore settings, IOptions<SuppressionOptions> options, IOptions<ControlOptions> control, TimeProvider clock, ILogger<SuppressionList> log)
    {
        _grains = grains;
        _settings = settings;
        _options = options.Value;
        _log = log;
        _poll = new LongPoll("the suppression list", FollowAsync, control.Value.RetryDelay, clock, log);
    }

    /// <summary>Completes when the list is known for the first time: until then nobody can tell that an address is not on it.</summary>
    public Task ReadyAsync() => _ready.Task;

    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    int _count;

    /// <summary>Why an address is not written to; null when it is.</summary>
    public async ValueTask<SuppressionRecord?> FindAsync(string tenant, string address, DateTimeOffset now)
    {
        if (IsEmpty) return null;
        return await FindOneAsync(SuppressionName.Of(null, address), now).ConfigureAwait(false)
            ?? await FindOneAsync(SuppressionName.Of(tenant, address), now).ConfigureAwait(false);
    }

    /// <summary>Tells the list how a recipient ended. Nobody waits for it: a lost word costs one more bounce.</summary>
    public void Learn(string tenant, string address, OutcomeKind outcome, string category)
    {
        if (!_options.Automatic) return;
        if (outcome is OutcomeKind.Failed && IsAboutTheAddress(category)) _ = TellAsync(index => index.BouncedAsync(tenant, address, category));
        else if (outcome is OutcomeKind.Delivered && MayHold(SuppressionName.Of(_options.PerTenant ? tenant : null, address))) _ = TellAsync(index => index.DeliveredAsync(tenant, address));
    }

    public void Participate(ISiloLifecycle lifecycle) => _poll.Participate(lifecycle);

    public void Dispose() => _poll.Dispose();

    // What a receiver holds against us or against one message says nothing about the address.
    static bool IsAboutTheAddress(string category) => category is Categories.InvalidRecipient or Categories.MailboxUnavailable or Categories.MailboxFull or Categories.NoMailService;

    async ValueTask<SuppressionRecord?> FindOneAsync(string name, DateTimeOffset now)
    {
        if (!MayHold(name)) return null;
        return await _settings.ReadAsync(name, CancellationToken.None).ConfigureAwait(false) is { } stored && SettingJson.Read<SuppressionRecord>(stored) is { } record && record.IsInForceAt(now)
            ? record
            : null;
    }

    bool MayHold(string name)
    {
        if (IsEmpty) return false;
        var hash = SuppressionName.HashOf(name);
        lock (_lock) return _names.Contains(hash);
    }

    async Task FollowAsync()
    {
        var news = await _grains.GetGrain<ISuppressionIndexGrain>(0).WaitForChangeAsync(_epoch, _number).ConfigureAwait(false);
        lock (_lock)
        {
            if (news.IsWhole) _names.Clear();
            _names.UnionWith(news.Added);
            _names.ExceptWith(news.Removed);
            _epoch = news.Epoch;
            _number = news.Number;
            Volatile.Write(ref _count, _names.Count);
        }

        _ready.TrySetResult();
    }

    async Task TellAsync(Func<ISuppressionIndexGrain, Task> tell)
    {
        try
        {
            await tell(_grains.GetGrain<ISuppressionIndexGrain>(0)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogLost(_log, exception);
        }
    }

    [LoggerMessage(1422, LogLevel.Warning, "The suppression list could not be told of a bounce or a delivery.")]
    static partial void LogLost(ILogger log, Exception exception);
}
