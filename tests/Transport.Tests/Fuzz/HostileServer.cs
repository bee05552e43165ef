using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>A listener for one client session after another, each with a seed.</summary>
sealed class HostileServer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stopping = new();
    readonly X509Certificate2 _certificate;
    readonly Task _accepting;
    readonly List<(HostileDialogue Dialogue, Task Running)> _dialogues = [];
    int _seed;

    public HostileServer(X509Certificate2 certificate)
    {
        _certificate = certificate;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public void Begin(int seed)
    {
        lock (_dialogues)
        {
            _seed = seed;
            _dialogues.Clear();
        }
    }

    /// <summary>Waits until every connection of the session is over; the last one, where mail may have been sent.</summary>
    public async Task<Exchange?> EndAsync()
    {
        List<(HostileDialogue Dialogue, Task Running)> dialogues;
        lock (_dialogues) dialogues = [.. _dialogues];
        await Task.WhenAll(dialogues.Select(dialogue => dialogue.Running));
        return dialogues.Count == 0 ? null : dialogues[^1].Dialogue.Exchange;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
    }

    async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var socket = await _listener.AcceptSocketAsync(_stopping.Token);
                socket.NoDelay = true;
                lock (_dialogues)
                {
                    var dialogue = new HostileDialogue(socket, new Random(HashCode(_seed, _dialogues.Count)), _certificate);
                    _dialogues.Add((dialogue, dialogue.RunAsync(_stopping.Token)));
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // The client left while it waited to be taken.
            }
        }
    }

    static int HashCode(int seed, int connection) => unchecked(seed * 486187739 + connection);
}
