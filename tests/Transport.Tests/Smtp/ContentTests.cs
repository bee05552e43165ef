using System.Text;
using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Smtp;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Content arrives octet for octet, or not at all (reliability SD5, SD6, SD7).</summary>
public sealed class ContentTests
{
    public static TheoryData<string> Names => Contents.Names;

    [Theory(Timeout = Given.Limit)]
    [MemberData(nameof(Names))]
    public async Task Content_arrives_octet_for_octet(string name)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        var transcript = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction() with { Content = Contents.All[name], NeedsEightBitMime = name == "eight bit" });
        Assert.Equal(250, transcript.EndOfDataReply?.Code);
        Assert.True(Assert.Single(behavior.Mails).Content.Span.SequenceEqual(Contents.All[name]), "The content differs.");
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Content_without_last_line_end_gets_one()
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        await Given.AttemptAsync(receiver.EndPoint, Given.Transaction() with { Content = "S: x\r\n\r\nno end"u8.ToArray() });
        Assert.Equal("S: x\r\n\r\nno end\r\n", Encoding.Latin1.GetString(Assert.Single(behavior.Mails).Content.Span));
    }

    [Fact]
    public void Stuffing_is_the_same_wherever_the_buffer_ends()
    {
        var content = Contents.Latin(".\r\n..\r\na\r\n.\r\n\r\n.b.\r\nc.\r\r\n.\r\n");
        var expected = Stuff(content, 1024);
        Assert.Equal("..\r\n...\r\na\r\n..\r\n\r\n..b.\r\nc.\r\r\n..\r\n", Encoding.Latin1.GetString(expected));
        for (var size = 2; size < 40; size++) Assert.Equal(expected, Stuff(content, size));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("a\n.\nb\r\n")]
    [InlineData("a\r.\rb\r\n")]
    [InlineData("a\n.\r\nb\r\n")]
    [InlineData("a\r\n.\rb\r\n")]
    [InlineData("a\r\n.\r\r\nb\r\n")]
    [InlineData("a\r")]
    [InlineData("\n")]
    public async Task Stray_line_end_never_reaches_the_wire(string body)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction() with { Content = Contents.Latin("S: x\r\n\r\n" + body) }, TestContext.Current.CancellationToken);
        Assert.Equal(SessionFailureKind.Internal, transcript.Failure!.Kind);
        Assert.True(session.IsUsable);
        Assert.DoesNotContain(behavior.Lines, line => line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(true, false, SessionFailureKind.MissingExtension)]
    [InlineData(false, true, SessionFailureKind.MissingExtension)]
    [InlineData(false, false, SessionFailureKind.TooLargeForRemote)]
    public async Task What_the_remote_does_not_offer_fails_before_mail_and_keeps_the_session(bool isEightBit, bool isUtf8, SessionFailureKind kind)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start(new ReceiverOptions { OffersEightBitMime = false, OffersSmtpUtf8 = false, MaxContentBytes = 100 });
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var unfit = Given.Transaction() with { NeedsEightBitMime = isEightBit, NeedsSmtpUtf8 = isUtf8, Content = isEightBit || isUtf8 ? Contents.All["small"] : Contents.Lines(1000) };
        var transcript = await session.SendAsync(unfit, TestContext.Current.CancellationToken);
        Assert.Equal((SmtpPhase.MailFrom, kind), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.True(session.IsUsable);
        Assert.Equal(0, session.TransactionCount);
        Assert.Equal(250, (await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).EndOfDataReply!.Code);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Parameters_are_said_where_offered_and_needed()
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        await Given.AttemptAsync(receiver.EndPoint, Given.Transaction("pelé@peer.test") with { NeedsEightBitMime = true, NeedsSmtpUtf8 = true, From = "" });
        Assert.Contains("MAIL FROM:<> SIZE=25 BODY=8BITMIME SMTPUTF8", behavior.Lines);
        Assert.Contains("RCPT TO:<pelé@peer.test>", behavior.Lines);
        Assert.Equal("", Assert.Single(behavior.Mails).From);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("552 5.3.4 too big", 552)]
    [InlineData("452 4.3.1 disk", 452)]
    public async Task Size_refused_at_mail_is_the_remotes_reply(string reply, int code)
    {
        var behavior = new RecordingBehavior { Command = (verb, _) => verb == "MAIL" ? new ReceiverReply(code, reply[4..]) : null };
        await using var receiver = behavior.Start();
        Assert.Equal(code, (await Given.AttemptAsync(receiver.EndPoint)).MailFromReply!.Code);
    }

    static byte[] Stuff(byte[] content, int bufferSize)
    {
        var (result, buffer, offset) = (new List<byte>(), new byte[bufferSize], 0);
        while (offset < content.Length)
        {
            var length = 0;
            DotStuffing.Fill(content, ref offset, buffer, ref length);
            Assert.NotEqual(0, length);
            result.AddRange(buffer.AsSpan(0, length));
        }

        return [.. result];
    }
}
