using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>One connection with a server that does as a seed says: mostly enough of SMTP to get far, and anything at all at any point.</summary>
sealed class HostileDialogue(Socket socket, Random random, X509Certificate2 certificate)
{
    static readonly double[] Tempers = [0.02, 0.1, 0.3, 1];
    static readonly int[] LikelyCodes = [220, 221, 250, 250, 250, 251, 299, 300, 334, 354, 354, 421, 450, 451, 452, 550, 552, 554];

    readonly double _hostility = Tempers[random.Next(Tempers.Length)];
    readonly bool _offersTls = random.Next(6) == 0;
    readonly bool _pipelines = random.Next(2) == 0;

    public Exchange Exchange { get; private set; } = new(hasGreeting: true);

    public async Task RunAsync(CancellationToken stop)
    {
        var network = new NetworkStream(socket, ownsSocket: true);
        var raw = new MangledStream(network, random) { Notes = Exchange };
        try
        {
            await TalkAsync(raw, stop);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The client left, or was made to.
        }
        finally
        {
            await network.DisposeAsync();
        }
    }

    async Task TalkAsync(MangledStream raw, CancellationToken stop)
    {
        Stream stream = raw;
        await AnswerAsync(stream, "", stop);
        var line = new StringBuilder();
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, stop) is > 0 and var count)
        {
            Exchange.Heard.Write(buffer, 0, count);
            for (var i = 0; i < count; i++)
            {
                if (buffer[i] != '\n')
                {
                    line.Append((char)buffer[i]);
                    continue;
                }

                var command = line.ToString().TrimEnd('\r');
                line.Clear();
                if (!Exchange.IsCommand(command)) continue;
                await AnswerAsync(stream, command, stop);
                if (command != "STARTTLS" || stream != raw || !_offersTls) continue;
                stream = await SecureAsync(raw, stop);
                break;
            }
        }
    }

    async Task<Stream> SecureAsync(MangledStream raw, CancellationToken stop)
    {
        raw.Notes = null;
        var secured = new SslStream(raw);
        await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stop);
        Exchange = new Exchange(hasGreeting: false);
        return secured;
    }

    Task AnswerAsync(Stream stream, string command, CancellationToken stop)
    {
        if (random.NextDouble() >= _hostility) return SayAsync(stream, Proper(command), stop);
        return random.Next(14) switch
        {
            0 => SayAsync(stream, Noise(random.Next(1, 600)), stop),
            1 => SayAsync(stream, Latin($"{random.Next(1000):D3} anything\r\n"), stop),
            2 => SayAsync(stream, [.. Proper(command), .. Proper(command)], stop),
            3 => SayAsync(stream, Latin(string.Concat(Enumerable.Range(0, random.Next(2, 6)).Select(_ => $"{AnyCode()} ok\r\n"))), stop),
            4 => Task.CompletedTask,
            5 => SayAsync(stream, Latin(string.Concat(Enumerable.Repeat($"{AnyCode()}-more\r\n", random.Next(1, 9_000)))), stop),
            6 => SayAsync(stream, [.. Latin("250 "), .. Noise(random.Next(1, 9_000)), .. "\r\n"u8], stop),
            7 => SayAsync(stream, Latin($"{AnyCode()}-one\r\n{AnyCode()} two\r\n"), stop),
            8 => SayAsync(stream, Proper(command)[..^random.Next(1, 6)], stop),
            9 => SayAsync(stream, Latin($"{AnyCode()} {(char)random.Next(256)}\r \n{(char)random.Next(32)}\r\n"), stop),
            10 => CloseAsync(),
            11 => ResetAsync(),
            12 => SayAsync(stream, Latin("421 4.3.2 closing\r\n"), stop),
            _ => LateAsync(stream, Proper(command), stop),
        };
    }

    async Task SayAsync(Stream stream, byte[] octets, CancellationToken stop)
    {
        await stream.WriteAsync(octets, stop);
        await stream.FlushAsync(stop);
        if (stream is SslStream) Exchange.Said.Write(octets);
    }

    async Task LateAsync(Stream stream, byte[] octets, CancellationToken stop)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(400)), TimeProvider.System, stop);
        await SayAsync(stream, octets, stop);
    }

    /// <summary>Ends in order, and goes on listening.</summary>
    Task CloseAsync()
    {
        socket.Shutdown(SocketShutdown.Send);
        return Task.CompletedTask;
    }

    Task ResetAsync()
    {
        Exchange.WasReset = true;
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
        return Task.CompletedTask;
    }

    byte[] Proper(string command) => Latin(command switch
    {
        "" => "220 peer ESMTP\r\n",
        _ when command.StartsWith("EHLO", StringComparison.Ordinal) => $"250-peer\r\n{(_pipelines ? "250-PIPELINING\r\n" : "")}{(_offersTls ? "250-STARTTLS\r\n" : "")}250 8BITMIME\r\n",
        "STARTTLS" => "220 go\r\n",
        "DATA" => random.Next(12) > 0 ? "354 go\r\n" : "451 4.3.0 no\r\n",
        "QUIT" => "221 bye\r\n",
        _ => random.Next(12) > 0 ? "250 2.0.0 ok\r\n" : $"{LikelyCodes[random.Next(11, LikelyCodes.Length)]} no\r\n",
    });

    int AnyCode() => LikelyCodes[random.Next(LikelyCodes.Length)];

    byte[] Noise(int length)
    {
        var octets = new byte[length];
        random.NextBytes(octets);
        return octets;
    }

    static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);
}
