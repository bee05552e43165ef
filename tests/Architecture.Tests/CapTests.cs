using System.Reflection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Submission;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Architecture.Tests;

/// <summary>What bounds a stranger's means, unless an operator says otherwise (docs/hostile-inputs.md).</summary>
public sealed class CapTests
{
    [Fact]
    public void Caps_are_the_defaults()
    {
        Assert.Equal((64, 253, 254), (Mailbox.MaxLocalPartOctets, Mailbox.MaxDomainOctets, Mailbox.MaxAddressOctets));
        var submission = SubmissionLimits.Default;
        Assert.Equal((1_000, 1_000, 256 << 10, 25L << 20), (submission.MaxRecipients, submission.MaxHeaderLines, submission.MaxHeaderBytes, submission.MaxContentBytes));
        Assert.Equal((998, 100, 4 << 10), (submission.MaxLineOctets, submission.MaxReceivedFields, submission.MaxMetadataBytes));
        var transport = new TransportOptions();
        Assert.Equal((4 << 10, 32 << 10, 128, 100), (transport.MaxReplyLineBytes, transport.MaxReplyBytes, transport.MaxReplyLines, transport.MaxRecipientsPerTransaction));
        Assert.Equal((500, TimeSpan.FromMinutes(10)), (transport.MinContentRate, transport.EndOfDataTimeout));
        Assert.Equal(1024, SmtpReply.MaxTextLength);
        var resolver = new ResolverOptions();
        Assert.Equal((20, TimeSpan.FromSeconds(10)), (resolver.MaxQueries, resolver.ResolveTimeout));
        Assert.Equal((5, TimeSpan.FromMinutes(20)), (RoutePolicy.MaxAddresses, new DeliveryOptions().AttemptTimeout));
    }

    // MimeKit before 4.15.1 lets a line end into a quoted local part; MailKit before 4.16 reads what lies behind the reply to STARTTLS.
    [Theory]
    [InlineData("MimeKit", "4.16")]
    [InlineData("MailKit", "4.16")]
    public void Libraries_are_newer_than_their_known_holes(string name, string least) =>
        Assert.True(Assembly.Load(name).GetName().Version >= Version.Parse(least), $"{name} {Assembly.Load(name).GetName().Version} is older than {least}.");
}
