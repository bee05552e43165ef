using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>
/// Receiving sites, each at a port of its own, that count who is there at once. A session counts until its QUIT comes or its connection ends, and a
/// transaction until just before its last reply: never longer than whoever sends may think.
/// </summary>
sealed class CountedSites : IAsyncDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly List<Task> _running = [];
    readonly TimeSpan _takes;

    /// <param name="count">How many.</param>
    /// <param name="takes">How long each message takes.</param>
    /// <param name="spacing">Least time between two messages at one of them.</param>
    public CountedSites(int count, TimeSpan takes, TimeSpan spacing = default)
    {
        _takes = takes;
        All = [.. Enumerable.Range(0, count).Select(_ => new CountedSite { Spacing = spacing })];
        foreach (var site in All) _running.Add(AcceptAsync(site));
    }

    public IReadOnlyList<CountedSite> All { get; }

    /// <summary>No message is taken before it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Messages being taken at all of them together.</summary>
    public Gauge Transactions { get; } = new();

    /// <summary>Whom messages were for: one that came twice counts once.</summary>
    public ConcurrentDictionary<string, bool> Taken { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var site in All) site.Listener.Dispose();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    async Task AcceptAsync(CountedSite site)
    {
        try
        {
            while (true) _ = ServeAsync(site, await site.Listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            return;
        }
    }

    async Task ServeAsync(CountedSite site, TcpClient client)
    {
        using var owned = client;
        client.NoDelay = true;
        var session = new Session();
        site.Sessions.Enter();
        try
        {
            await TalkAsync(site, session, client.GetStream());
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            // Whoever sent it died, or the test is over.
        }
        finally
        {
            if (session.IsSending) Transactions.Leave();
            if (!session.HasQuit) site.Sessions.Leave();
            if (session.Silo is { } silo) site.Silos.AddOrUpdate(silo, 0, static (_, open) => open - 1);
        }
    }

    async Task TalkAsync(CountedSite site, Session session, NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        Task SayAsync(string reply) => stream.WriteAsync(Encoding.ASCII.GetBytes(reply + "\r\n"), _stop.Token).AsTask();
        var recipient = "";
        await SayAsync("220 counted.test ESMTP");
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            switch (line.Split(' ', ':')[0].ToUpperInvariant())
            {
                case "EHLO":
                    session.Silo = line[5..];
                    site.Silos.AddOrUpdate(session.Silo, 1, static (_, open) => open + 1);
                    await SayAsync("250 counted.test");
                    break;
                case "MAIL":
                    if (!session.IsSending) Transactions.Enter();
                    session.IsSending = true;
                    await SayAsync("250 2.1.0 Ok");
                    break;
                case "RCPT":
                    recipient = line;
                    await SayAsync("250 2.1.5 Ok");
                    break;
                case "DATA":
                    await SayAsync("354 Go on");
                    while (await reader.ReadLineAsync(_stop.Token) is { } content && content != ".") continue;
                    await WaitAsync(stream.Socket);
                    await Task.Delay(_takes, TimeProvider.System, _stop.Token);
                    var isTaken = site.TryTake(session.Silo!);
                    if (isTaken) Taken[recipient] = true;
                    session.IsSending = false;
                    Transactions.Leave();
                    await SayAsync(isTaken ? "250 2.0.0 Ok" : "450 4.7.0 Too many messages, slow down");
                    break;
                case "QUIT":
                    session.HasQuit = true;
                    site.Sessions.Leave();
                    await SayAsync("221 2.0.0 Bye");
                    return;
                default:
                    await SayAsync("250 2.0.0 Ok");
                    break;
            }
        }
    }

    // Whoever sends has nothing to say meanwhile: what can be read is the end of its connection.
    async Task WaitAsync(Socket socket)
    {
        while (!Gate.IsCompleted)
        {
            if (socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0) throw new IOException("The sender is gone.");
            await Task.WhenAny(Gate, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, _stop.Token));
            _stop.Token.ThrowIfCancellationRequested();
        }
    }

    sealed class Session
    {
        public string? Silo { get; set; }

        public bool IsSending { get; set; }

        public bool HasQuit { get; set; }
    }
}

/// <summary>One receiving site.</summary>
sealed class CountedSite
{
    long? _lastAt;

    public CountedSite() => Listener.Start();

    public TcpListener Listener { get; } = new(IPAddress.Loopback, 0);

    public int Port => ((IPEndPoint)Listener.LocalEndpoint).Port;

    public Gauge Sessions { get; } = new();

    /// <summary>Sessions open from each silo, by the name that it says in EHLO.</summary>
    public ConcurrentDictionary<string, int> Silos { get; } = new();

    /// <summary>Messages taken from each silo.</summary>
    public ConcurrentDictionary<string, int> TakenFrom { get; } = new();

    /// <summary>Messages called too fast from each silo.</summary>
    public ConcurrentDictionary<string, int> RefusedFrom { get; } = new();

    /// <summary>Least time between two messages, from whoever they come; what comes sooner is refused.</summary>
    public TimeSpan Spacing { get; init; }

    public bool TryTake(string silo)
    {
        lock (RefusedFrom)
        {
            var isTaken = _lastAt is not { } last || TimeProvider.System.GetElapsedTime(last) >= Spacing;
            if (isTaken) _lastAt = TimeProvider.System.GetTimestamp();
            (isTaken ? TakenFrom : RefusedFrom).AddOrUpdate(silo, 1, static (_, count) => count + 1);
            return isTaken;
        }
    }
}

/// <summary>How many there are at once, and were at most.</summary>
sealed class Gauge
{
    readonly Lock _lock = new();
    int _now;
    int _most;

    public int Now { get { lock (_lock) return _now; } }

    public int Most { get { lock (_lock) return _most; } }

    public void Enter()
    {
        lock (_lock) _most = Math.Max(_most, ++_now);
    }

    public void Leave()
    {
        lock (_lock) _now--;
    }

    /// <summary>Counts the most anew from here.</summary>
    public void Forget()
    {
        lock (_lock) _most = _now;
    }
}
