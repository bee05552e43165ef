using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>
/// The sessions of one silo. A domain grain offers work; the engine signals a session that idles, or opens one.
/// How many a site may have is the domain grain's decision, how many the silo may have is the engine's.
/// </summary>
sealed partial class DeliveryEngine(SessionServices services, DeliveryOptions options, ILogger<DeliveryEngine> log) : IHostedService, IDisposable
{
    readonly ConcurrentDictionary<string, SiteSessions> _sites = new();
    readonly CancellationTokenSource _abandon = new();
    readonly WaitingSites _waiting = new();

    int _sessionCount;
    volatile bool _isStopping;

    /// <summary>Messages that a session takes ahead of the one it sends.</summary>
    public int Prefetch => options.SessionPrefetch;

    /// <summary>There are <paramref name="queued"/> tickets for a site that may have <paramref name="limit"/> sessions.</summary>
    public void Offer(string site, int queued, int limit) => Offer(site, queued, limit, hasWaited: false);

    /// <summary>How many sessions to a site have neither found a host nor failed to.</summary>
    public int OpeningAt(string site)
    {
        if (!_sites.TryGetValue(site, out var sessions)) return 0;
        lock (sessions) return sessions.Opening;
    }

    void Offer(string site, int queued, int limit, bool hasWaited)
    {
        while (!_isStopping && !TryOffer(site, queued, limit, hasWaited)) continue;
    }

    // False when the site's record was dropped at that moment.
    bool TryOffer(string site, int queued, int limit, bool hasWaited)
    {
        var mustWait = false;
        var sessions = _sites.GetOrAdd(site, static _ => new SiteSessions());
        lock (sessions)
        {
            if (sessions.IsDropped) return false;
            // A session that looks for its host will come for its tickets; nobody else is opened for them.
            var wanted = queued - sessions.Opening;
            foreach (var idle in sessions.Idle)
            {
                if (wanted-- <= 0) return true;
                idle.Signal();
            }

            for (var room = limit - sessions.Count; wanted > 0 && room > 0; wanted--, room--)
            {
                // A place that became free belongs to those who wait.
                if ((!hasWaited && !_waiting.IsEmpty) || !TryReserve())
                {
                    mustWait = true;
                    break;
                }

                sessions.Count++;
                sessions.Opening++;
                _ = RunAsync(site, sessions);
            }

            // One that is just going idle looks once more.
            if (wanted > 0)
                foreach (var busy in sessions.All)
                    busy.Signal();
            Drop(site, sessions);
        }

        if (mustWait) Wait(site, limit);
        return true;
    }

    // A connection that is kept without work makes room; those at work give way after their turn.
    void Wait(string site, int limit)
    {
        if (!_waiting.Add(site, limit)) return;
        foreach (var sessions in _sites.Values)
            lock (sessions)
                if (sessions.Idle.FirstOrDefault() is { } idle)
                {
                    sessions.Idle.Remove(idle);
                    idle.Stop();
                    return;
                }

        // The last session may have ended just before the site was listed.
        if (Volatile.Read(ref _sessionCount) < options.MaxSessions) FeedWaiting();
    }

    void Drop(string site, SiteSessions sessions)
    {
        if (sessions.Count > 0) return;
        sessions.IsDropped = true;
        _sites.TryRemove(KeyValuePair.Create(site, sessions));
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Lets running transactions end for a while, then drops them. Nothing depends on it: what is cut off is recovered as after a crash.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        foreach (var sessions in _sites.Values)
            lock (sessions)
                foreach (var session in sessions.All)
                    session.Stop();
        if (Volatile.Read(ref _sessionCount) > 0)
            await _drained.Task.WaitAsync(options.StopTimeout, services.Clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _abandon.CancelAsync().ConfigureAwait(false);
    }

    public void Dispose() => _abandon.Dispose();

    readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    bool TryReserve()
    {
        if (Interlocked.Increment(ref _sessionCount) <= options.MaxSessions) return true;
        Interlocked.Decrement(ref _sessionCount);
        return false;
    }

    async Task RunAsync(string site, SiteSessions sessions)
    {
        // Leaves the domain grain's turn: a session is no grain work.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var session = new SiteSession(site, services, options, sessions, () => !_waiting.IsEmpty, _abandon.Token);
        lock (sessions) sessions.All.Add(session);
        MailInstruments.Sessions.Add(1);
        try
        {
            await session.RunAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogSessionFailed(site, exception);
        }
        finally
        {
            MailInstruments.Sessions.Add(-1);
            lock (sessions)
            {
                sessions.All.Remove(session);
                sessions.Idle.Remove(session);
                sessions.Count--;
                if (session.IsOpening) sessions.Opening--;
                Drop(site, sessions);
            }

            if (Interlocked.Decrement(ref _sessionCount) == 0 && _isStopping) _drained.TrySetResult();
            FeedWaiting();
        }
    }

    void FeedWaiting()
    {
        if (_waiting.TryTake(out var site, out var limit)) Offer(site, 1, limit, hasWaited: true);
    }

    [LoggerMessage(1501, LogLevel.Error, "A session to {Site} ended by a fault of ours; its messages are tried again.")]
    partial void LogSessionFailed(string site, Exception exception);
}

/// <summary>The sessions of this silo to one site. Guarded by locking it.</summary>
sealed class SiteSessions
{
    public int Count { get; set; }

    /// <summary>Those of them that have no connection yet.</summary>
    public int Opening { get; set; }

    public bool IsDropped { get; set; }

    public HashSet<SiteSession> All { get; } = [];

    public HashSet<SiteSession> Idle { get; } = [];
}

/// <summary>Sites that were offered while the silo had no session left for them, first come, first served: the next session that ends makes room.</summary>
sealed class WaitingSites
{
    readonly Lock _lock = new();
    readonly Queue<string> _order = new();
    readonly Dictionary<string, int> _limits = [];

    public bool IsEmpty
    {
        get
        {
            lock (_lock) return _order.Count == 0;
        }
    }

    /// <summary>False when it waits already.</summary>
    public bool Add(string site, int limit)
    {
        lock (_lock)
        {
            var isNew = _limits.TryAdd(site, limit);
            if (isNew) _order.Enqueue(site);
            else _limits[site] = limit;
            return isNew;
        }
    }

    public bool TryTake([NotNullWhen(true)] out string? site, out int limit)
    {
        lock (_lock)
        {
            limit = 0;
            return _order.TryDequeue(out site) && _limits.Remove(site, out limit);
        }
    }
}
