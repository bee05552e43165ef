using System.Text;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Sessions with a receiver that nobody here wrote.</summary>
public sealed class SmtpSinkTests
{
    public static TheoryData<string> Names => Contents.Names;

    [Theory(Timeout = Given.Limit)]
    [MemberData(nameof(Names))]
    public async Task Content_arrives_as_sent(string name)
    {
        var folder = Directory.CreateTempSubdirectory("orleans-mail-sink-");
        try
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_111_111);
            await using (var sink = await PeerProcess.SmtpSinkAsync("-d", folder.FullName + "/mail."))
            {
                var transcript = await Given.AttemptAsync(sink.EndPoint, Given.Transaction() with { Content = Contents.All[name], NeedsEightBitMime = name == "eight bit" });
                Assert.Equal(250, transcript.EndOfDataReply?.Code);
            }

            var dump = await File.ReadAllBytesAsync(Assert.Single(folder.GetFiles()).FullName, TestContext.Current.CancellationToken);
            Assert.True(ContentOf(dump).SequenceEqual(WithBareLineFeeds(Contents.All[name])), "The content differs.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("MAIL", SmtpPhase.MailFrom)]
    [InlineData("RCPT", SmtpPhase.RcptTo)]
    [InlineData("DATA", SmtpPhase.Data)]
    [InlineData(".", SmtpPhase.EndOfData)]
    public async Task Dropped_connection_is_in_doubt_only_behind_the_end_of_data(string at, SmtpPhase phase)
    {
        await using var sink = await PeerProcess.SmtpSinkAsync("-q", at);
        var transcript = await Given.AttemptAsync(sink.EndPoint);
        Assert.Equal((phase, SessionFailureKind.ConnectionLost, at == "."), (transcript.Failure!.Phase, transcript.Failure.Kind, transcript.IsInDoubt));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("-f", 500)]
    [InlineData("-r", 450)]
    [InlineData("-Q", 421)]
    public async Task Refusals_are_found_at_their_command(string option, int code)
    {
        foreach (var at in new[] { "MAIL", "RCPT", "DATA", "." })
        {
            await using var sink = await PeerProcess.SmtpSinkAsync(option, at);
            await using var session = await Given.SessionAsync(sink.EndPoint);
            var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
            var reply = at switch { "MAIL" => transcript.MailFromReply, "RCPT" => transcript.RecipientReplies[0], "DATA" => transcript.DataReply, _ => transcript.EndOfDataReply };
            Assert.Equal(code, reply!.Code);
            Assert.Equal(code != 421, session.IsUsable);
            Assert.False(transcript.IsInDoubt);
        }
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("CONNECT", SmtpPhase.Greeting)]
    [InlineData("EHLO,HELO", SmtpPhase.Ehlo)]
    public async Task Refused_session_is_a_failure_with_the_reply(string at, SmtpPhase phase)
    {
        await using var sink = await PeerProcess.SmtpSinkAsync("-Q", at);
        var failure = (await Given.Connector().ConnectAsync(Given.Target(sink.EndPoint), TestContext.Current.CancellationToken)).Failure!;
        Assert.Equal((phase, 421), (failure.Phase, failure.Reply?.Code));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("-p")]
    [InlineData("-e")]
    [InlineData("-8")]
    [InlineData("-N")]
    [InlineData("-P")]
    public async Task Fewer_extensions_deliver_all_the_same(string option)
    {
        await using var sink = await PeerProcess.SmtpSinkAsync(option);
        await using var session = await Given.SessionAsync(sink.EndPoint);
        for (var i = 0; i < 3; i++)
            Assert.Equal(250, (await session.SendAsync(Given.Transaction("a@peer.test", "b@peer.test"), TestContext.Current.CancellationToken)).EndOfDataReply?.Code);
        var eightBit = await session.SendAsync(Given.Transaction() with { NeedsEightBitMime = true }, TestContext.Current.CancellationToken);
        Assert.Equal(option is "-8" or "-e" or "-P", eightBit.Failure?.Kind == SessionFailureKind.MissingExtension);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Refusal_without_reading_content_is_the_remotes_reply()
    {
        await using var sink = await PeerProcess.SmtpSinkAsync("-A", "0");
        var transcript = await Given.AttemptAsync(sink.EndPoint, Given.Transaction() with { Content = Contents.Lines(16 * 1024 * 1024) });
        Assert.True(transcript.EndOfDataReply?.Code == 550, $"{transcript.Failure}");
        Assert.False(transcript.IsInDoubt);
    }

    // The dump has headers of its own, up to three lines of Received, and an empty line at the end.
    static ReadOnlySpan<byte> ContentOf(ReadOnlySpan<byte> dump)
    {
        var at = dump.IndexOf("\nReceived: "u8) + 1;
        for (var line = 0; line < 3; line++) at += dump[at..].IndexOf((byte)'\n') + 1;
        return dump[at..^1];
    }

    static byte[] WithBareLineFeeds(byte[] content) => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(content).Replace("\r\n", "\n", StringComparison.Ordinal));
}
