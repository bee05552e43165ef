using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orleans.Mail.Transport.Smtp;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>Whatever a server does, a session ends, in a result, and nothing counts as delivered that the server did not take.</summary>
public sealed class SmtpFuzzTests(ITestOutputHelper output)
{
    const int MostTransactions = 3;

    static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    // Far beyond the sum of what a session may wait for; whoever reaches it hangs.
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    static readonly TransportOptions Options = new()
    {
        LocalDomain = "sender.test",
        ConnectTimeout = TimeSpan.FromSeconds(5),
        GreetingTimeout = Patience,
        EhloTimeout = Patience,
        TlsTimeout = TimeSpan.FromSeconds(1),
        MailFromTimeout = Patience,
        RecipientTimeout = Patience,
        DataTimeout = Patience,
        ContentBlockTimeout = Patience,
        EndOfDataTimeout = Patience,
        QuitTimeout = Patience,
        BrokenTlsMemory = TimeSpan.FromTicks(1),
    };

    // Made once: text put together for each session would leave its buffers in the pool that memory is judged with.
    static readonly byte[][] Contents = [.. Enumerable.Range(0, MostTransactions).Select(number => Encoding.Latin1.GetBytes(Text(number, ".x\r\n")))];
    static readonly byte[][] StuffedContents = [.. Enumerable.Range(0, MostTransactions).Select(number => Encoding.Latin1.GetBytes(Text(number, "..x\r\n")))];

    readonly SmtpConnector _connector = Given.Connector(options: Options);
    int _delivered, _inDoubt, _secured;

    [Fact]
    public async Task A_hostile_server_gets_no_session_to_crash_to_hang_or_to_believe_in_a_delivery()
    {
        using var certificate = Certificate();
        await FuzzRun.RunAsync(() => new HostileServer(certificate), CheckAsync, output);
        output.WriteLine($"{_delivered} transactions delivered, {_inDoubt} in doubt, {_secured} sessions inside TLS");
        // Servers that never let anybody through would prove nothing.
        Assert.True(_delivered > FuzzRun.Sessions / 10, $"Only {_delivered} transactions were delivered.");
        Assert.True(_inDoubt > 0 && _secured > 0, $"{_inDoubt} in doubt, {_secured} inside TLS.");
    }

    async Task<string?> CheckAsync(HostileServer server, int seed)
    {
        server.Begin(seed);
        try
        {
            var sent = await SendAsync(server.EndPoint, new Random(seed)).WaitAsync(Limit, TimeProvider.System);
            var exchange = await server.EndAsync().WaitAsync(Limit, TimeProvider.System);
            return sent.Select((transcript, number) => Judge(transcript, number, exchange!)).FirstOrDefault(fault => fault is not null);
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }
    }

    async Task<List<AttemptTranscript>> SendAsync(IPEndPoint endPoint, Random random)
    {
        var transcripts = new List<AttemptTranscript>();
        var result = await _connector.ConnectAsync(Given.Target(endPoint) with { IsAddressTrusted = true }, TestContext.Current.CancellationToken);
        if (result.Session is not { } session) return transcripts;
        if (session.Tls is not null) Interlocked.Increment(ref _secured);
        while (session.IsUsable && transcripts.Count < MostTransactions)
        {
            var transaction = Given.Transaction([.. Enumerable.Range(0, random.Next(1, 4)).Select(number => $"r{number}@peer.test")]);
            transcripts.Add(await session.SendAsync(transaction with { From = Sender(transcripts.Count), Content = Content(transcripts.Count) }, TestContext.Current.CancellationToken));
        }

        if (random.Next(2) == 0) await session.QuitAsync();
        else await session.DisposeAsync();
        return transcripts;
    }

    string? Judge(AttemptTranscript transcript, int number, Exchange exchange)
    {
        var content = exchange.Content(Sender(number));
        var isDelivered = transcript.EndOfDataReply is { IsPositive: true } && transcript.RecipientReplies.Any(reply => reply is { IsPositive: true });
        if (isDelivered) Interlocked.Increment(ref _delivered);
        if (transcript.IsInDoubt) Interlocked.Increment(ref _inDoubt);
        if (isDelivered && transcript.IsInDoubt) return "delivered and in doubt";
        // A reset may swallow what the client had sent; of what did arrive, everything is asked.
        if (content is null) return isDelivered && !exchange.WasReset ? "delivered without an end of data" : null;
        if (content.Length > 0 && !content.AsSpan().SequenceEqual(Stuffed(number))) return "the content is not what was to be sent";
        if (isDelivered && (content.Length == 0 || exchange.EndOfDataCode(Sender(number)) != transcript.EndOfDataReply!.Code)) return $"delivered by {transcript.EndOfDataReply!.Code}, which was no reply to the end of data";
        return content.Length > 0 && transcript.EndOfDataReply is null && !transcript.IsInDoubt ? "an end of data without reply is not in doubt" : null;
    }

    static string Sender(int number) => $"t{number}@sender.test";

    static byte[] Content(int number) => Contents[number];

    static byte[] Stuffed(int number) => StuffedContents[number];

    // The second one does not fit into the buffers between the two.
    static string Text(int number, string dotted) => $"x-number: {number}\r\n\r\n{dotted}" + (number == 1 ? string.Concat(Enumerable.Repeat("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", 5_000)) : "x\r\n");

    static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=peer.test", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
