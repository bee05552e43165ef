using System.Text;
using Orleans.Mail.Transport.Smtp;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Octets that must never leave, whoever let them in (reliability S1, S2, traps 5 and 9).</summary>
public sealed class LastLookTests
{
    public static TheoryData<string, bool> Unfit => new()
    {
        { "\"a\r\nRCPT TO:<v@v.test>\"@d.test", true },
        { "\"invalid\r\nquoted\"@d.test", true },
        { "a\r\nRCPT TO:<v@v.test>@d.test", true },
        { "a\nb@d.test", true },
        { "a\rb@d.test", true },
        { "a\0@d.test", true },
        { "a@d.test\r\n", true },
        { "a\u007F@d.test", true },
        { "a\t@d.test", true },
        { "<a@b.test>c@d.test", true },
        { "a@d.test>SIZE=1", true },
        { "a@d.test> SIZE=1", true },
        { "a b@d.test", true },
        { "\"a@d.test", true },
        { "\"a\\\"@d.test", true },
        { "a\u2028b@d.test", true },
        { "a\u2029b@d.test", true },
        { "a\u0085b@d.test", true },
        { "a\u009Bb@d.test", true },
        { "a\uD800b@d.test", true },
        { "a@d\uDC00.test", true },
        { "pelé@d.test", false },
        { "a@bücher.test", false },
    };

    [Theory(Timeout = Given.Limit)]
    [MemberData(nameof(Unfit), DisableDiscoveryEnumeration = true)]
    public async Task Path_that_could_be_more_than_a_path_is_not_said(string path, bool isUtf8)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        foreach (var transaction in new[] { Given.Transaction("fine@d.test", path), Given.Transaction() with { From = path } })
        {
            var transcript = await session.SendAsync(transaction with { NeedsSmtpUtf8 = isUtf8 }, TestContext.Current.CancellationToken);
            Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.Internal), (transcript.Failure!.Phase, transcript.Failure.Kind));
            Assert.DoesNotContain("d.test", transcript.Failure.Detail, StringComparison.Ordinal);
            Assert.False(transcript.IsInDoubt);
        }

        Assert.Equal("EHLO sender.test", Assert.Single(behavior.Lines));
        Assert.True(session.IsUsable);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("\"a b\"@d.test")]
    [InlineData("\"a>b\\\"c\"@d.test")]
    [InlineData("o'hara+tag=1@d.test")]
    [InlineData("почта@пример.рф")]
    [InlineData("😀@d.test")]
    [InlineData("postmaster")]
    public async Task Path_that_is_unusual_and_right_is_said_as_it_is(string path)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        await Given.AttemptAsync(receiver.EndPoint, Given.Transaction(path) with { NeedsSmtpUtf8 = true });
        Assert.Contains($"RCPT TO:<{path}>", behavior.Lines);
    }

    [Theory]
    [InlineData("MAIL FROM:<a@b.test>", false, true)]
    [InlineData("MAIL FROM:<a@b.test>\r", false, false)]
    [InlineData("MAIL\nFROM", true, false)]
    [InlineData("MAIL FROM:<é@b.test>", false, false)]
    [InlineData("MAIL FROM:<é@b.test>", true, true)]
    [InlineData("a\u0085", true, false)]
    [InlineData("a\u2028", true, false)]
    public void Command_is_looked_at_as_octets(string command, bool isUtf8, bool isFit) =>
        Assert.Equal(isFit, CommandOctets.AreFit(Encoding.UTF8.GetBytes(command), isUtf8));

    [Theory]
    [InlineData(new byte[] { (byte)'a', 0xC0, 0x8A })]
    [InlineData(new byte[] { 0xE2, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xFF })]
    public void Octets_that_are_no_utf8_are_not_fit(byte[] command) => Assert.False(CommandOctets.AreFit(command, true));

    [Theory(Timeout = Given.Limit)]
    [InlineData("\n.\n")]
    [InlineData("\n.\r")]
    [InlineData("\r.\n")]
    [InlineData("\r.\r")]
    [InlineData("\n.\r\n")]
    [InlineData("\r.\r\n")]
    [InlineData("\r\n.\r\r\n")]
    [InlineData("\r\r\n.\r\r\n")]
    [InlineData("\r\n\0.\r\n")]
    [InlineData("\r\n.\0\r\n")]
    [InlineData("\r\n.\n")]
    [InlineData("\r\n.\r")]
    [InlineData("\n\n.\r\n")]
    [InlineData("\r\n\r.\r\n")]
    public async Task Smuggled_end_of_data_ends_here(string sequence)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        var content = Contents.Latin($"S: x\r\n\r\na{sequence}MAIL FROM:<x@y.test>\r\n");
        var transcript = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction() with { Content = content, NeedsEightBitMime = true });
        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.Internal), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.Equal("EHLO sender.test", Assert.Single(behavior.Lines));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("\r\n.\r\n")]
    [InlineData("\x85.\x85")]
    public async Task What_only_looks_like_an_end_of_data_stays_inside_one_mail(string sequence)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        var content = Contents.Latin($"S: x\r\n\r\na{sequence}MAIL FROM:<x@y.test>\r\n");
        Assert.Equal(250, (await Given.AttemptAsync(receiver.EndPoint, Given.Transaction() with { Content = content, NeedsEightBitMime = true })).EndOfDataReply?.Code);
        Assert.True(Assert.Single(behavior.Mails).Content.Span.SequenceEqual(content));
    }
}
