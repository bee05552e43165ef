using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>A name server that answers as a seed says: rightly, wrongly, or in octets that are no answer; over UDP and TCP.</summary>
sealed class HostileNameServer : IAsyncDisposable
{
    /// <summary>Stands only in answers that nobody may believe: of another transaction, or to another question.</summary>
    public const string ForgedHost = "forged.test";

    public static readonly IPAddress ForgedAddress = IPAddress.Parse("203.0.113.66");

    readonly CancellationTokenSource _stopping = new();
    readonly UdpClient _udp;
    readonly TcpListener _tcp;
    readonly Task _running;
    Random _random = new(0);

    public HostileNameServer()
    {
        (_udp, _tcp) = Bind();
        _running = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    public IPEndPoint EndPoint => (IPEndPoint)_tcp.LocalEndpoint;

    /// <summary>Something was said that may be read as "there is no such name".</summary>
    public bool MayHaveDeniedTheName { get; private set; }

    public void Begin(int seed) => (_random, MayHaveDeniedTheName) = (new Random(seed), false);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _tcp.Dispose();
        _udp.Dispose();
        _stopping.Dispose();
    }

    // The same port for both, which the system gives for each alone.
    static (UdpClient Udp, TcpListener Tcp) Bind()
    {
        while (true)
        {
            var tcp = new TcpListener(IPAddress.Loopback, 0);
            tcp.Start();
            try
            {
                return (new UdpClient((IPEndPoint)tcp.LocalEndpoint), tcp);
            }
            catch (SocketException)
            {
                tcp.Dispose();
            }
        }
    }

    async Task ServeUdpAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var question = await _udp.ReceiveAsync(_stopping.Token);
                foreach (var answer in Answers(question.Buffer)) await _udp.SendAsync(answer, question.RemoteEndPoint, _stopping.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException)
            {
                // It left before the answer, or the test ends.
            }
        }
    }

    async Task ServeTcpAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using var client = await _tcp.AcceptTcpClientAsync(_stopping.Token);
                var stream = client.GetStream();
                var length = new byte[2];
                await stream.ReadExactlyAsync(length, _stopping.Token);
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(question, _stopping.Token);
                foreach (var answer in Answers(question))
                {
                    var said = _random.Next(4) == 0 ? _random.Next(65_536) : answer.Length;
                    await stream.WriteAsync(new byte[] { (byte)(said >> 8), (byte)said }, _stopping.Token);
                    await stream.WriteAsync(answer, _stopping.Token);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException)
            {
                // It left before the answer, or the test ends.
            }
        }
    }

    IEnumerable<byte[]> Answers(byte[] question)
    {
        lock (_udp)
            return _random.Next(32) switch
            {
                0 => [Noise(_random.Next(600))],
                1 => [WrongTransaction(Forged(question))],
                2 => [WrongTransaction(Forged(question)), Right(question)],
                3 => [Forged(question, "other.test")],
                4 => [new DnsMessage(question).Loop().ToArray()],
                5 => [Mutated(Right(question))],
                6 => [Mutated(Right(question))],
                7 => [Right(question)[..^_random.Next(1, 20)]],
                8 => [Truncated(Right(question))],
                9 => [],
                10 => [Counting(Right(question))],
                11 => [Refusal(question)],
                12 => [Long(question)],
                13 => [question],
                14 => [[.. question.AsSpan(0, 2), .. Noise(_random.Next(600))]],
                _ => [Right(question)],
            };
    }

    static byte[] Right(byte[] question)
    {
        var answer = new DnsMessage(question);
        return (answer.Type switch
        {
            15 => answer.Mx(10, "a.hosts.test").Mx(20, "b.hosts.test"),
            1 => answer.Address(IPAddress.Parse("192.0.2.1")),
            28 => answer.Address(IPAddress.Parse("2001:db8::1")),
            _ => answer,
        }).ToArray();
    }

    static byte[] Forged(byte[] question, string? name = null)
    {
        var answer = new DnsMessage(question, name: name);
        return (answer.Type == 15 ? answer.Mx(0, ForgedHost) : answer.Address(ForgedAddress)).ToArray();
    }

    byte[] WrongTransaction(byte[] answer)
    {
        answer[_random.Next(2)] ^= (byte)_random.Next(1, 256);
        return answer;
    }

    byte[] Mutated(byte[] answer)
    {
        MayHaveDeniedTheName = true;
        for (var count = _random.Next(1, 6); count > 0; count--) answer[_random.Next(2, answer.Length)] = (byte)_random.Next(256);
        return answer;
    }

    // TC: to be asked again over TCP.
    static byte[] Truncated(byte[] answer)
    {
        answer[2] |= 0x02;
        return answer;
    }

    byte[] Counting(byte[] answer)
    {
        for (var at = 4; at < 12; at++) answer[at] = (byte)_random.Next(256);
        return answer;
    }

    byte[] Refusal(byte[] question)
    {
        var code = _random.Next(16);
        MayHaveDeniedTheName |= code == 3;
        return new DnsMessage(question, code).ToArray();
    }

    static byte[] Long(byte[] question)
    {
        var answer = new DnsMessage(question);
        for (var number = 0; number < 1_000; number++) answer.Mx((byte)(number % 100), $"h{number}.hosts.test");
        return answer.ToArray();
    }

    byte[] Noise(int length)
    {
        MayHaveDeniedTheName = true;
        var octets = new byte[length];
        _random.NextBytes(octets);
        return octets;
    }
}
