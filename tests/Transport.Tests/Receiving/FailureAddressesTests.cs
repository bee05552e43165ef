using System.Net;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Receiving;

public sealed class FailureAddressesTests
{
    readonly CaptureStore _store = new(TimeProvider.System);

    [Theory(Timeout = Given.Limit)]
    [InlineData("any@delivered.test", "250 2.0.0 Ok")]
    [InlineData("any+label@elsewhere.example", "250 2.0.0 Ok")]
    [InlineData("421@4xx.test", "421 4.0.0 As the address asks")]
    [InlineData("452-4.2.2@4xx.test", "452 4.2.2 As the address asks")]
    [InlineData("452-4.2.2+label@4xx.test", "452 4.2.2 As the address asks")]
    [InlineData("550-5.1.1@5xx.test", "550 5.1.1 As the address asks")]
    [InlineData("550-5.1.1@5XX.TEST", "550 5.1.1 As the address asks")]
    [InlineData("552-4.2.2@5xx.test", "552 5.0.0 As the address asks")]
    [InlineData("any@452-4.2.2.test", "452 4.2.2 As the address asks")]
    [InlineData("any@550-5.1.1.test", "550 5.1.1 As the address asks")]
    [InlineData("any@421.test", "421 4.0.0 As the address asks")]
    [InlineData("anyone@4xx.test", "450 4.2.0 Deferred on purpose")]
    [InlineData("550-5.1.1@4xx.test", "450 4.2.0 Deferred on purpose")]
    [InlineData("anyone@5xx.test", "550 5.1.1 Refused on purpose")]
    [InlineData("any@deferred.test", "451 4.7.1 Greylisted, try again later")]
    public async Task Address_tells_the_answer(string recipient, string reply)
    {
        await using var receiver = SmtpReceiver.Start(new ReceiverOptions(), new FailureAddresses(_store), TimeProvider.System);
        var transcript = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction(recipient));
        Assert.Equal(reply, transcript.RecipientReplies[0]!.ToString());
        Assert.Equal(reply.StartsWith("250", StringComparison.Ordinal) ? 1 : 0, _store.List().Count);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("any@deferred.test", 2)]
    [InlineData("any+label@deferred.test", 2)]
    [InlineData("any+3@deferred.test", 3)]
    [InlineData("any+1@deferred.test", 1)]
    public async Task Greylisted_address_takes_the_mail_at_its_attempt_and_then_begins_anew(string recipient, int attempts)
    {
        await using var receiver = SmtpReceiver.Start(new ReceiverOptions(), new FailureAddresses(_store), TimeProvider.System);
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        for (var mail = 1; mail <= 2; mail++)
        {
            for (var attempt = 1; attempt <= attempts; attempt++)
            {
                var transcript = await session.SendAsync(Given.Transaction(recipient), TestContext.Current.CancellationToken);
                Assert.Equal(attempt == attempts ? 250 : 451, transcript.RecipientReplies[0]!.Code);
            }

            Assert.Equal(mail, _store.List().Count);
        }
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Lost_answer_leaves_the_mail_taken_and_in_doubt_and_the_second_try_is_answered()
    {
        await using var receiver = SmtpReceiver.Start(new ReceiverOptions(), new FailureAddresses(_store), TimeProvider.System);
        var first = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction("any@drop-after-data.test"));
        Assert.True(first.IsInDoubt);
        Assert.Single(_store.List());
        var second = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction("any@drop-after-data.test"));
        Assert.Equal(250, second.EndOfDataReply!.Code);
        Assert.Equal(2, _store.List().Count);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("any@slow-60s.test", true)]
    [InlineData("any@timeout.test", false)]
    public async Task Slow_address_answers_late_and_the_silent_one_never(string recipient, bool isAnswered)
    {
        var (receiverTime, senderTime) = (new FakeTimeProvider(), new FakeTimeProvider());
        await using var receiver = SmtpReceiver.Start(new ReceiverOptions(), new FailureAddresses(_store), receiverTime);
        await using var session = await Given.SessionAsync(receiver.EndPoint, senderTime);
        var sending = session.SendAsync(Given.Transaction(recipient), TestContext.Current.CancellationToken);
        await Until.CompletedAsync(sending, () => (isAnswered ? receiverTime : senderTime).Advance(TimeSpan.FromSeconds(20)));
        var transcript = await sending;
        Assert.Equal(isAnswered ? 250 : null, transcript.EndOfDataReply?.Code);
        Assert.Equal(isAnswered ? null : SessionFailureKind.Timeout, transcript.Failure?.Kind);
    }

    [Theory]
    [InlineData("nullmx.test", MxStatus.NullMx)]
    [InlineData("NXDOMAIN.test", MxStatus.NoSuchDomain)]
    [InlineData("noaddress.test", MxStatus.NoAddress)]
    [InlineData("servfail.test", MxStatus.TemporaryFailure)]
    [InlineData("example.com", MxStatus.Hosts)]
    public async Task Capture_asks_no_name_service(string domain, MxStatus status)
    {
        var answer = await new CaptureResolver(IPAddress.Loopback, TimeProvider.System).ResolveAsync(domain, TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.Status);
        Assert.Equal(status == MxStatus.Hosts, answer.Hosts is [{ Addresses: [var address] }] && address.Equals(IPAddress.Loopback));
    }
}
