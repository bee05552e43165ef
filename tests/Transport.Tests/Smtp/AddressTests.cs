using System.Net;
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

    sealed class NoAddress : IAddressGuard
    {
        public bool Allows(IPAddress address) => false;
    }
}
