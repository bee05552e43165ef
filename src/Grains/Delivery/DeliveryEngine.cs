using System.Collections.Concurrent;
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
    // Sites that were offered while the silo had no session left for them; the next session that ends makes room.
    readonly ConcurrentDictionary<string, int> _starved = new();

    int _sessionCount;
    volatile bool _isStopping;

    /// <summary>Messages that a session takes ahead of the one it sends.</summary>
    public int Prefetch => options.SessionPrefetch;

    /// <summary>There are <paramref name="queued"/> tickets for a site that may have <paramref name="limit"/> sessions.</summary>
    public void Offer(string site, int queued, int limit)
    {
        while (!_isStopping && !TryOffer(site, queued, limit)) continue;
    }

    // False when the site's record was dropped at that moment.
    bool TryOffer(string site, int queued, int limit)
    {
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
                if (!TryReserve())
                {
                    _starved[site] = limit;
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
            return true;
        }
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
        using var session = new SiteSession(site, services, options, sessions, _abandon.Token);
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
            FeedStarved();
        }
    }

    void FeedStarved()
    {
        foreach (var (site, limit) in _starved)
        {
            if (!_starved.TryRemove(site, out _)) continue;
            Offer(site, 1, limit);
            return;
        }
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
