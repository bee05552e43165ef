using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Smtp;

namespace Orleans.Mail.Transport.Tests.Support;

static class Given
{
    /// <summary>What no test should come near; a test that hangs fails by it.</summary>
    public const int Limit = 120_000;

    public const string SmallContent = "Subject: test\r\n\r\nHello.\r\n";

    public static SmtpConnector Connector(TimeProvider? time = null, TransportOptions? options = null, IAddressGuard? guard = null) =>
        new(Options.Create(options ?? new TransportOptions { LocalDomain = "sender.test" }), guard ?? new OpenAddressGuard(), time ?? TimeProvider.System, NullLogger<SmtpConnector>.Instance);

    public static SmtpTarget Target(IPEndPoint endPoint, TlsMode tls = TlsMode.Opportunistic) => new("mx.peer.test", endPoint.Address, endPoint.Port, tls);

    public static SmtpTransaction Transaction(params string[] recipients) => new()
    {
        From = "from@sender.test",
        Recipients = recipients.Length > 0 ? recipients : ["to@peer.test"],
        Content = Encoding.Latin1.GetBytes(SmallContent),
        NeedsEightBitMime = false,
        NeedsSmtpUtf8 = false,
    };

    public static async Task<ISmtpSession> SessionAsync(IPEndPoint endPoint, TimeProvider? time = null, TransportOptions? options = null)
    {
        var result = await Connector(time, options).ConnectAsync(Target(endPoint), TestContext.Current.CancellationToken);
        Assert.Null(result.Failure);
        return result.Session!;
    }

    /// <summary>One transaction on a session of its own.</summary>
    public static async Task<AttemptTranscript> AttemptAsync(IPEndPoint endPoint, SmtpTransaction? transaction = null)
    {
        await using var session = await SessionAsync(endPoint);
        return await session.SendAsync(transaction ?? Transaction(), TestContext.Current.CancellationToken);
    }
}
