using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>What replies mean to the dialogue (reliability SD2, SD3, SD4, RO1, RO2).</summary>
public sealed class ReplyCodeTests
{
    [Theory(Timeout = Given.Limit)]
    [InlineData(250)]
    [InlineData(251)]
    [InlineData(252)]
    [InlineData(220)]
    [InlineData(299)]
    public async Task Any_2yz_is_success_for_recipients_and_for_the_end_of_data(int code)
    {
        var behavior = new RecordingBehavior { Recipient = _ => new ReceiverReply(code, "fine"), EndOfData = _ => new ReceiverReply(code, "fine") };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Null(transcript.Failure);
        Assert.Equal((code, code), (transcript.RecipientReplies[0]!.Code, transcript.EndOfDataReply!.Code));
        Assert.True(session.IsUsable);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(199)]
    [InlineData(354)]
    [InlineData(350)]
    [InlineData(650)]
    [InlineData(999)]
    public async Task Meaningless_code_at_the_end_of_data_is_a_protocol_failure_in_doubt(int code)
    {
        var behavior = new RecordingBehavior { EndOfData = _ => new ReceiverReply(code, "eh") };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal((SmtpPhase.EndOfData, SessionFailureKind.Protocol, code), (transcript.Failure!.Phase, transcript.Failure.Kind, transcript.Failure.Reply!.Code));
        Assert.True(transcript.IsInDoubt);
        Assert.Null(transcript.EndOfDataReply);
        Assert.False(session.IsUsable);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(199)]
    [InlineData(354)]
    [InlineData(650)]
    public async Task Meaningless_code_at_a_recipient_ends_the_session_and_nothing_is_sent(int code)
    {
        var behavior = new RecordingBehavior { Recipient = _ => new ReceiverReply(code, "eh") };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal((SmtpPhase.RcptTo, SessionFailureKind.Protocol), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.False(transcript.RecipientReplies[0]!.IsPositive);
        Assert.False(session.IsUsable);
        Assert.Empty(behavior.Mails);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(250, false)]
    [InlineData(554, true)]
    [InlineData(451, true)]
    public async Task Data_not_answered_354_sends_no_content(int code, bool isUsable)
    {
        var behavior = new RecordingBehavior { Command = (verb, _) => verb == "DATA" ? new ReceiverReply(code, "no") : null };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal(code, transcript.DataReply!.Code);
        Assert.Equal(isUsable, transcript.Failure is null);
        Assert.Equal(isUsable, session.IsUsable);
        Assert.DoesNotContain("Hello.", behavior.Lines);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Session_is_reset_behind_a_refused_data_and_serves_the_next_message()
    {
        var dataCount = 0;
        var behavior = new RecordingBehavior { Command = (verb, _) => verb == "DATA" && ++dataCount == 1 ? new ReceiverReply(451, "4.3.0 later") : null };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        Assert.Equal(451, (await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).DataReply!.Code);
        Assert.Equal(250, (await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).EndOfDataReply!.Code);
        Assert.Equal(["EHLO", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA"], behavior.Lines.Select(line => line.Split(' ')[0]));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_recipient_has_its_own_reply(bool isPipelining)
    {
        string[] codes = ["250", "450", "550", "251", "252"];
        var behavior = new RecordingBehavior { Recipient = recipient => new ReceiverReply(int.Parse(recipient[..3], null), "x") };
        await using var receiver = behavior.Start(new ReceiverOptions { OffersPipelining = isPipelining });
        var transcript = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction([.. codes.Select(code => code + "@peer.test")]));
        Assert.Equal(codes, transcript.RecipientReplies.Select(reply => $"{reply!.Code}"));
        Assert.Equal(["250@peer.test", "251@peer.test", "252@peer.test"], Assert.Single(behavior.Mails).Recipients);
        Assert.Null(transcript.Failure);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task More_recipients_than_a_group_holds_are_all_answered_in_order()
    {
        var behavior = new RecordingBehavior { Recipient = recipient => recipient.StartsWith("no", StringComparison.Ordinal) ? new ReceiverReply(550, recipient) : new ReceiverReply(250, recipient) };
        await using var receiver = behavior.Start();
        var recipients = Enumerable.Range(0, 333).Select(index => $"{(index % 3 == 0 ? "no" : "yes")}-{index}@peer.test").ToArray();
        var transcript = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction(recipients));
        Assert.Equal(recipients, transcript.RecipientReplies.Select(reply => reply!.Text));
        Assert.Equal(222, Assert.Single(behavior.Mails).Recipients.Length);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("354 go\r\n")]
    [InlineData("554 5.5.1 no valid recipients\r\n")]
    public async Task All_recipients_refused_sends_no_content_and_keeps_the_session(string dataReply)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("PIPELINING");
            await dialogue.ExpectAsync("MAIL");
            await dialogue.ExpectAsync("RCPT");
            await dialogue.ExpectAsync("RCPT");
            await dialogue.ExpectAsync("DATA");
            await dialogue.SayAsync("250 ok\r\n550 5.1.1 a\r\n450 4.2.1 b\r\n" + dataReply);
            if (dataReply[0] == '3')
            {
                Assert.Equal(".", await dialogue.ReadLineAsync());
                await dialogue.SayAsync("250 2.0.0 into the void\r\n");
            }
            else
            {
                await dialogue.ExpectAsync("RSET");
                await dialogue.SayAsync("250 ok\r\n");
            }

            await dialogue.ExpectAsync("MAIL");
            await dialogue.SayAsync("550 5.7.1 no\r\n");
        });
        await using var session = await Given.SessionAsync(peer.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction("a@peer.test", "b@peer.test"), TestContext.Current.CancellationToken);
        Assert.Equal([550, 450], transcript.RecipientReplies.Select(reply => reply!.Code));
        Assert.Null(transcript.Failure);
        Assert.Null(transcript.DataReply);
        Assert.Null(transcript.EndOfDataReply);
        Assert.False(transcript.IsInDoubt);
        Assert.True(session.IsUsable);
        Assert.Equal(550, (await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).MailFromReply!.Code);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Refused_sender_leaves_recipients_without_reply()
    {
        // The 503s behind a refused MAIL are no judgement on recipients.
        var behavior = new RecordingBehavior { Command = (verb, _) => verb == "MAIL" ? new ReceiverReply(451, "4.7.1 later") : null };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction("a@peer.test", "b@peer.test"), TestContext.Current.CancellationToken);
        Assert.Equal((451, new EnhancedStatus(4, 7, 1)), (transcript.MailFromReply!.Code, transcript.MailFromReply.Enhanced));
        Assert.All(transcript.RecipientReplies, Assert.Null);
        Assert.Null(transcript.Failure);
        Assert.True(session.IsUsable);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("250 ok\r\nwhat is this\r\n354 go\r\n")]
    [InlineData("250 ok\r\n250 ok\r\n250 one too many\r\n354 go\r\n")]
    [InlineData("250 ok\r\n250 ok\r\n354 go\r\n250 before its time\r\n")]
    [InlineData("250 ok\r\n250-ok\r\n251 changed\r\n354 go\r\n")]
    public async Task Replies_out_of_step_poison_the_session_and_nothing_is_delivered(string replies)
    {
        byte[] rest = [];
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("PIPELINING");
            await dialogue.ExpectAsync("MAIL");
            await dialogue.ExpectAsync("RCPT");
            await dialogue.ExpectAsync("DATA");
            await dialogue.SayAsync(replies);
            rest = await dialogue.ReadToEndAsync();
        });
        await using var session = await Given.SessionAsync(peer.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal(SessionFailureKind.Protocol, transcript.Failure!.Kind);
        Assert.Null(transcript.EndOfDataReply);
        Assert.False(transcript.IsInDoubt);
        Assert.False(session.IsUsable);
        await peer.ScriptsEndedAsync();
        Assert.Empty(rest);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Words_behind_the_last_reply_keep_the_result_and_end_the_session()
    {
        var behavior = new RecordingBehavior { EndOfData = _ => new ReceiverReply(0, "") { Raw = "250 2.0.0 Ok\r\n421 4.3.2 bye\r\n"u8.ToArray() } };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal(250, transcript.EndOfDataReply!.Code);
        Assert.Null(transcript.Failure);
        Assert.False(session.IsUsable);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Replies_in_pieces_of_one_octet_are_read()
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.SayByCharAsync("220-a\r\n220 peer\r\n");
            await dialogue.ExpectAsync("EHLO");
            await dialogue.SayByCharAsync("250-peer\r\n250-PIPELINING\r\n250 SIZE 1000000\r\n");
            await dialogue.ExpectAsync("MAIL FROM:<from@sender.test> SIZE=25");
            await dialogue.ExpectAsync("RCPT");
            await dialogue.ExpectAsync("DATA");
            await dialogue.SayByCharAsync("250-2.1.0 one\r\n250 2.1.0 two\r\n250 2.1.5 ok\r\n354 go\r\n");
            await dialogue.ReadContentAsync();
            await dialogue.SayByCharAsync("250-2.0.0 queued\r\n250 2.0.0 as 1\r\n");
        });
        var transcript = await Given.AttemptAsync(peer.EndPoint);
        Assert.Equal("one\ntwo", transcript.MailFromReply!.Text);
        Assert.Equal(("queued\nas 1", new EnhancedStatus(2, 0, 0)), (transcript.EndOfDataReply!.Text, transcript.EndOfDataReply.Enhanced));
        Assert.Null(transcript.Failure);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("250 ", true)]
    [InlineData("250-more\r\n", false)]
    public async Task Endless_reply_ends_at_its_bound(string piece, bool isOneLine)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.ExpectAsync("MAIL");
            var more = isOneLine ? piece + new string('A', 1000) : piece;
            while (true) await dialogue.SayAsync(more);
        });
        var transcript = await Given.AttemptAsync(peer.EndPoint);
        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.Protocol), (transcript.Failure!.Phase, transcript.Failure.Kind));
    }
}
