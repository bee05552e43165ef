using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Ledger;

/// <summary>What a sink saw over its life.</summary>
public sealed record SinkReport(long Copies, long Unanswered, long Refused, long Sessions, int MaxConcurrentSessions, long TurnedAway, long WithoutId, long Groups);

/// <summary>
/// A receiving SMTP server that notes every copy on stable storage before it answers the end of data. It shares no code with the
/// service: an oracle that did would share its mistakes.
/// </summary>
public sealed class LedgerSink : IAsyncDisposable
{
    readonly Socket _listener;
    readonly CancellationTokenSource _stop = new();
    readonly SinkCounts _counts = new();
    readonly DurableLines<ReceivedLine> _ledger;
    readonly FaultDice _dice;
    readonly TimeProvider _clock;
    readonly int _concurrent;
    readonly HashSet<Task> _sessions = [];
    readonly Task _accepting;

    /// <param name="port">0 chooses a free one.</param>
    /// <param name="path">The ledger; appended to.</param>
    /// <param name="concurrent">How many sessions to take at once; more are turned away with 421 and counted.</param>
    public LedgerSink(int port, string path, FaultDice dice, TimeProvider clock, int concurrent = int.MaxValue)
    {
        (_dice, _clock, _concurrent) = (dice, clock, concurrent);
        _ledger = new DurableLines<ReceivedLine>(path, LedgerJson.Default.ReceivedLine);
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(1024);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    public IPEndPoint EndPoint { get; }

    public SinkReport Report => _counts.ToReport(_ledger.Groups);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] open;
        lock (_sessions) open = [.. _sessions];
        await Task.WhenAll(open);
        await _ledger.DisposeAsync();
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The peer gave up while it waited in the backlog.
                continue;
            }

            var session = ServeAsync(socket);
            lock (_sessions) _sessions.Add(session);
            _ = session.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    void Forget(Task session)
    {
        lock (_sessions) _sessions.Remove(session);
    }

    async Task ServeAsync(Socket socket)
    {
        using var owned = socket;
        socket.NoDelay = true;
        var now = _counts.Enter();
        try
        {
            using var session = new SinkSession(socket, _ledger, _dice, _counts, _clock, isTurnedAway: now > _concurrent);
            await session.RunAsync(_stop.Token);
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            // The sender went away, or the sink stops; what was answered is in the ledger.
        }
        finally
        {
            _counts.Leave();
        }
    }
}

/// <summary>Counters of a sink.</summary>
sealed class SinkCounts
{
    long _copies, _unanswered, _refused, _sessions, _turnedAway, _withoutId;
    int _open, _mostOpen;

    public int Enter()
    {
        Interlocked.Increment(ref _sessions);
        var open = Interlocked.Increment(ref _open);
        for (var most = _mostOpen; open > most; most = _mostOpen)
            if (Interlocked.CompareExchange(ref _mostOpen, open, most) == most)
                break;
        return open;
    }

    public void Leave() => Interlocked.Decrement(ref _open);

    public void TurnedAway() => Interlocked.Increment(ref _turnedAway);

    public void WithoutId() => Interlocked.Increment(ref _withoutId);

    public void Noted(SinkPhase phase, int copies)
    {
        if (phase == SinkPhase.Refused) Interlocked.Add(ref _refused, copies);
        else Interlocked.Add(ref _copies, copies);
        if (phase == SinkPhase.TakenUnanswered) Interlocked.Add(ref _unanswered, copies);
    }

    public SinkReport ToReport(long groups) =>
        new(Interlocked.Read(ref _copies), Interlocked.Read(ref _unanswered), Interlocked.Read(ref _refused), Interlocked.Read(ref _sessions), Volatile.Read(ref _mostOpen), Interlocked.Read(ref _turnedAway), Interlocked.Read(ref _withoutId), groups);
}
