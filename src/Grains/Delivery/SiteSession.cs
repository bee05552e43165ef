using System.Collections.Concurrent;
using System.Threading.Channels;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>
/// One lease of a site, used for one message after another. The connection is opened first, so that no attempt is spent on one that cannot be had.
/// Then three steps overlap, so that no commit delays the wire: attempts are begun ahead of the one being sent, and completed behind it.
/// This file is the lease and its tickets; the wire and the reports are in the other parts.
/// </summary>
sealed partial class SiteSession(string site, SessionServices services, DeliveryOptions options, SiteSessions siblings, Func<bool> isPlaceWanted, CancellationToken abandon) : IDisposable
{
    // How long a session works at least before it gives its place to a site that has none, where the silo has no more.
    static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);

    readonly long _started = services.Clock.GetTimestamp();
    readonly Guid _id = Guid.CreateVersion7(services.Clock.GetUtcNow());
    readonly SitePath _path = SitePath.Parse(site);
    readonly Channel<AttemptOrder> _begun = Channel.CreateBounded<AttemptOrder>(options.SessionPrefetch);
    readonly Channel<bool> _signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly ConcurrentQueue<FinishedTicket> _finished = new();
    readonly SemaphoreSlim _completing = new(options.SessionPrefetch * 4);
    readonly IDomainGrain _domain = services.Grains.GetGrain<IDomainGrain>(site);
    SessionTerms _terms = new(options.MessagesPerConnection, options.ConnectionIdle, TimeSpan.MaxValue, int.MaxValue, null);
    int _taken;
    volatile bool _isEnding;

    /// <summary>Whether it has not yet found a host, nor failed to. Guarded as <see cref="SiteSessions"/> is.</summary>
    public bool IsOpening { get; private set; } = true;

    public void Signal() => _signals.Writer.TryWrite(true);

    /// <summary>No further tickets; what was begun is sent.</summary>
    public void Stop()
    {
        _isEnding = true;
        Signal();
    }

    public void Dispose() => _completing.Dispose();

    public async Task RunAsync()
    {
        try
        {
            var failure = await OpenAsync().ConfigureAwait(false);
            if (failure is null && !_isEnding) failure = await WorkAsync().ConfigureAwait(false);
            if (failure is not null) await BlameAsync(failure).ConfigureAwait(false);
        }
        finally
        {
            // Until then the receiver counts it.
            if (_connection is not null) await HoldingLeaseAsync(_connection.QuitAsync()).ConfigureAwait(false);
            await ReleaseAsync().ConfigureAwait(false);
        }
    }

    // A lease that cannot be given back expires.
    async Task ReleaseAsync()
    {
        try
        {
            await _domain.ReleaseAsync(Report(0)).ConfigureAwait(false);
        }
        catch (Exception exception) when (PassingTrouble.Is(exception))
        {
            LogSiteLost(site, exception);
        }
    }

    async Task<SiteFailure?> OpenAsync()
    {
        var orders = await NextAsync(0).ConfigureAwait(false);
        if (orders.Close || orders.Destination is not { } destination)
        {
            Stop();
            return null;
        }

        var opening = DialAsync(destination);
        await HoldingLeaseAsync(opening).ConfigureAwait(false);
        var failure = await opening.ConfigureAwait(false);
        lock (siblings)
        {
            siblings.Opening--;
            IsOpening = false;
        }

        return failure;
    }

    // The site says whose attempt it was that found nobody to talk to.
    async Task BlameAsync(SiteFailure failure)
    {
        services.Sites.Avoid(_path.Site);
        while (await _domain.ConnectFailedAsync(_id, failure.Verdict).ConfigureAwait(false) is { Length: > 0 } tickets)
        {
            foreach (var begun in tickets.Select(BeginAsync).ToList())
                if (await begun.ConfigureAwait(false) is { } order)
                    await CompleteAsync(order, Sent.Of(order, failure)).ConfigureAwait(false);
        }
    }

    async Task<SiteFailure?> WorkAsync()
    {
        var sending = SendAllAsync();
        try
        {
            while (!_isEnding && await NextTicketsAsync().ConfigureAwait(false) is { } tickets)
                await BeginAsync(tickets).ConfigureAwait(false);
        }
        finally
        {
            _begun.Writer.Complete();
            await HoldingLeaseAsync(sending).ConfigureAwait(false);
            for (var i = 0; i < options.SessionPrefetch * 4; i++) await HoldingLeaseAsync(_completing.WaitAsync(CancellationToken.None)).ConfigureAwait(false);
            _completing.Release(options.SessionPrefetch * 4);
        }

        return await sending.ConfigureAwait(false);
    }

    async Task<Ticket[]?> NextTicketsAsync()
    {
        while (!_isEnding && !(isPlaceWanted() && services.Clock.GetElapsedTime(_started) >= Turn))
        {
            var want = _terms.IsOneConnection ? Math.Min(options.SessionPrefetch, _terms.MessagesPerConnection - _taken) : options.SessionPrefetch;
            if (want <= 0) return null;
            var orders = await NextAsync(want).ConfigureAwait(false);
            if (orders.Close) return null;
            _taken += orders.Tickets.Length;
            if (orders.Tickets.Length > 0) return orders.Tickets;
            if (!await WaitForWorkAsync().ConfigureAwait(false)) return null;
        }

        return null;
    }

    async Task<SessionOrders> NextAsync(int want)
    {
        try
        {
            var orders = await _domain.NextAsync(Report(want)).ConfigureAwait(false);
            if (orders.Terms is { } terms) _terms = terms;
            return orders;
        }
        catch (Exception exception) when (PassingTrouble.Is(exception))
        {
            // What was begun is still sent and reported; further work is for a session that its site knows.
            LogSiteLost(site, exception);
            return new SessionOrders([], Close: true, null, null);
        }
    }

    SessionReport Report(int want)
    {
        var finished = new List<FinishedTicket>();
        while (_finished.TryDequeue(out var ticket)) finished.Add(ticket);
        return new SessionReport(_id, [.. finished], want, _connection is not null);
    }

    // A connection is kept for a while without work: the next message to the site then needs no greeting.
    async Task<bool> WaitForWorkAsync()
    {
        if (isPlaceWanted()) return false;
        lock (siblings) siblings.Idle.Add(this);
        try
        {
            await _signals.Reader.WaitToReadAsync(CancellationToken.None).AsTask().WaitAsync(_terms.ConnectionIdle, services.Clock, abandon).ConfigureAwait(false);
            _signals.Reader.TryRead(out _);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // With attempts still on the wire the lease must be kept alive.
            return _begun.Reader.Count > 0 || _completing.CurrentCount < options.SessionPrefetch * 4;
        }
        finally
        {
            lock (siblings) siblings.Idle.Remove(this);
        }
    }

    async Task BeginAsync(Ticket[] tickets)
    {
        var orders = tickets.Select(BeginAsync).ToList();
        foreach (var order in orders)
            if (await order.ConfigureAwait(false) is { } begun)
                await HoldingLeaseAsync(_begun.Writer.WriteAsync(begun, CancellationToken.None).AsTask()).ConfigureAwait(false);
    }

    // A dialogue may outlast a lease by far; a session that does not call home would be replaced while it still talks.
    async Task HoldingLeaseAsync(Task work)
    {
        while (true)
        {
            try
            {
                await work.WaitAsync(services.Shaping.Sites.LeaseTime / 3, services.Clock, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (TimeoutException) when (!work.IsCompleted)
            {
                var orders = await NextAsync(0).ConfigureAwait(false);
                _isEnding |= orders.Close;
            }
        }
    }

    async Task<AttemptOrder?> BeginAsync(Ticket ticket)
    {
        var runner = new AttemptRunner(services.Cluster.Local, Guid.NewGuid(), TellsPhase: true);
        try
        {
            if (await Message(ticket.Message).BeginAttemptAsync(ticket.Destination, site, runner).ConfigureAwait(false) is { } order) return order;
        }
        catch (Exception exception)
        {
            LogBeginFailed(ticket.Message, exception);
            Stop();
            _ = exception is SpoolUnavailableException { OutcomeKnown: true } || !PassingTrouble.Is(exception) ? QueueAgainAsync(ticket) : TakeBackAsync(ticket, runner);
        }

        _finished.Enqueue(new FinishedTicket(ticket.Message, TicketResult.Void, null));
        return null;
    }

    // The ticket was not used: while the spool pauses it comes back after a moment, not when the sweep finds its message.
    async Task QueueAgainAsync(Ticket ticket)
    {
        try
        {
            await Task.Delay(ReportRetry, services.Clock, abandon).ConfigureAwait(false);
            await services.Tickets.SendAgainAsync(site, [ticket]).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogBeginFailed(ticket.Message, exception);
        }
    }

    // The attempt may have been begun although the answer is lost, and nobody is at it. Asked for by the same claim it is told again, and given back.
    async Task TakeBackAsync(Ticket ticket, AttemptRunner runner)
    {
        var started = services.Clock.GetTimestamp();
        for (var wait = ReportRetry; services.Clock.GetElapsedTime(started) < options.AttemptTimeout && !abandon.IsCancellationRequested; wait = wait * 2 < LongestReportRetry ? wait * 2 : LongestReportRetry)
        {
            await Task.Delay(wait, services.Clock, abandon).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                if (await Message(ticket.Message).BeginAttemptAsync(ticket.Destination, site, runner).ConfigureAwait(false) is { } order)
                    await ReportAsync(order, new AttemptReport(order.Number, null, null, [], _path.Source, null, IsReturned: true)).ConfigureAwait(false);
                return;
            }
            catch (Exception exception)
            {
                LogBeginFailed(ticket.Message, exception);
                if (!PassingTrouble.Is(exception)) return;
            }
        }
    }

    IMessageDeliveryGrain Message(MessageId id) => services.Grains.GetGrain<IMessageDeliveryGrain>(id.ToString());
}
