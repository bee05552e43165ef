using System.Net;
using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Which address is dialled, and which never (reliability S8).</summary>
public sealed class AddressTests
{
    [Theory(Timeout = Given.Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Forbidden_address_is_not_dialled_unless_the_operator_named_it(bool isTrusted)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        var target = Given.Target(receiver.EndPoint) with { IsAddressTrusted = isTrusted };
        var result = await Given.Connector(guard: new NoAddress()).ConnectAsync(target, TestContext.Current.CancellationToken);
        if (result.Session is not null) await result.Session.QuitAsync();
        Assert.Equal(isTrusted, result.Failure is null);
        Assert.Equal(isTrusted, !behavior.Lines.IsEmpty);
        if (!isTrusted) Assert.Equal((SmtpPhase.Connect, SessionFailureKind.ForbiddenAddress), (result.Failure!.Phase, result.Failure.Kind));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Source_address_is_dialled_from()
    {
        var source = IPAddress.Parse("127.0.0.7");
        EndPoint? seen = null;
        var behavior = new RecordingBehavior
        {
            Connect = context =>
            {
                seen = context.RemoteEndPoint;
                return ReceiverReply.Greeting;
            },
        };
        await using var receiver = behavior.Start();
        var result = await Given.Connector().ConnectAsync(Given.Target(receiver.EndPoint) with { Source = source }, TestContext.Current.CancellationToken);
        await result.Session!.QuitAsync();
        Assert.Equal(source, ((IPEndPoint)seen!).Address);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("192.0.2.1", "AddressNotAvailable")]
    [InlineData("::1", "")]
    public async Task Source_address_that_is_not_ours_is_a_failure_to_connect_that_says_so(string source, string word)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        var failure = (await Given.Connector().ConnectAsync(Given.Target(receiver.EndPoint) with { Source = IPAddress.Parse(source) }, TestContext.Current.CancellationToken)).Failure!;
        Assert.Equal((SmtpPhase.Connect, SessionFailureKind.ConnectFailed), (failure.Phase, failure.Kind));
        Assert.StartsWith("The source address cannot be dialled from: " + word, failure.Detail, StringComparison.Ordinal);
        Assert.Empty(behavior.Lines);
    }

    sealed class NoAddress : IAddressGuard
    {
        public bool Allows(IPAddress address) => false;
    }
}
