using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Connections that end, at each step (reliability SD1, SD8, SD9, RO6).</summary>
public sealed class LossTests
{
    [Theory(Timeout = Given.Limit)]
    [InlineData("MAIL", true, SmtpPhase.MailFrom)]
    [InlineData("MAIL", false, SmtpPhase.MailFrom)]
    [InlineData("RCPT", true, SmtpPhase.RcptTo)]
    [InlineData("RCPT", false, SmtpPhase.RcptTo)]
    [InlineData("DATA", true, SmtpPhase.Data)]
    [InlineData("DATA", false, SmtpPhase.Data)]
    [InlineData(".", true, SmtpPhase.EndOfData)]
    [InlineData(".", false, SmtpPhase.EndOfData)]
    public async Task Lost_connection_names_its_phase_and_only_behind_the_end_of_data_there_is_doubt(string at, bool isPipelining, SmtpPhase phase)
    {
        var behavior = new RecordingBehavior
        {
            Command = (verb, _) => verb == at ? ReceiverReply.Drop : null,
            EndOfData = _ => at == "." ? ReceiverReply.Drop : ReceiverReply.Ok,
        };
        await using var receiver = behavior.Start(new ReceiverOptions { OffersPipelining = isPipelining });
        var transcript = await Given.AttemptAsync(receiver.EndPoint);
        Assert.Equal((phase, SessionFailureKind.ConnectionLost), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.Equal(phase == SmtpPhase.EndOfData, transcript.IsInDoubt);
        Assert.Null(transcript.EndOfDataReply);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Lost_at_a_later_recipient_keeps_the_replies_before()
    {
        var behavior = new RecordingBehavior { Recipient = recipient => recipient == "c@peer.test" ? ReceiverReply.Drop : recipient == "b@peer.test" ? new ReceiverReply(550, "5.1.1 no") : ReceiverReply.Ok };
        await using var receiver = behavior.Start();
        var transcript = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction("a@peer.test", "b@peer.test", "c@peer.test", "d@peer.test"));
        Assert.Equal([250, 550, null, null], transcript.RecipientReplies.Select(reply => reply?.Code));
        Assert.Equal(SmtpPhase.RcptTo, transcript.Failure!.Phase);
        Assert.False(transcript.IsInDoubt);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Lost_inside_content_is_not_in_doubt()
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.AgreeToEnvelopeAsync();
            await dialogue.ReadLineAsync();
            dialogue.Reset();
        });
        var transcript = await Given.AttemptAsync(peer.EndPoint, Given.Transaction() with { Content = Contents.Lines(8 * 1024 * 1024) });
        Assert.Equal((SmtpPhase.Content, SessionFailureKind.ConnectionLost), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.False(transcript.IsInDoubt);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Refusal_inside_content_counts_although_the_remote_closes()
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.AgreeToEnvelopeAsync();
            await dialogue.ReadLineAsync();
            await dialogue.SayAsync("552 5.3.4 enough\r\n");
            await dialogue.WaitForCloseAsync();
        });
        await using var session = await Given.SessionAsync(peer.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction() with { Content = Contents.Lines(16 * 1024 * 1024) }, TestContext.Current.CancellationToken);
        Assert.Equal(552, transcript.EndOfDataReply!.Code);
        Assert.Null(transcript.Failure);
        Assert.False(transcript.IsInDoubt);
        Assert.False(session.IsUsable);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("25")]
    [InlineData("250 2.0.0 Ok")]
    [InlineData("250-2.0.0 Ok\r\n")]
    public async Task Half_a_reply_to_the_end_of_data_is_no_reply(string half)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.AgreeToEnvelopeAsync();
            await dialogue.ReadContentAsync();
            await dialogue.SayAsync(half);
        });
        var transcript = await Given.AttemptAsync(peer.EndPoint);
        Assert.True(transcript.IsInDoubt);
        Assert.Null(transcript.EndOfDataReply);
        Assert.Equal((SmtpPhase.EndOfData, SessionFailureKind.ConnectionLost), (transcript.Failure!.Phase, transcript.Failure.Kind));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(0, SmtpPhase.MailFrom)]
    [InlineData(1, SmtpPhase.RcptTo)]
    [InlineData(2, SmtpPhase.RcptTo)]
    [InlineData(3, SmtpPhase.Data)]
    public async Task Half_a_reply_in_the_envelope_is_no_reply_and_no_doubt(int whole, SmtpPhase phase)
    {
        foreach (var isPipelining in new[] { true, false })
        {
            await using var peer = ScriptedPeer.Start(async dialogue =>
            {
                await dialogue.OpenAsync(isPipelining ? "PIPELINING" : "HELP");
                for (var i = 0; i < whole; i++)
                {
                    await dialogue.ReadLineAsync();
                    await dialogue.SayAsync("250 ok\r\n");
                }

                await dialogue.ReadLineAsync();
                await dialogue.SayAsync(whole == 3 ? "354 g" : "250-o\r\n250");
            });
            var transcript = await Given.AttemptAsync(peer.EndPoint, Given.Transaction("a@peer.test", "b@peer.test"));
            Assert.Equal((phase, SessionFailureKind.ConnectionLost, false), (transcript.Failure!.Phase, transcript.Failure.Kind, transcript.IsInDoubt));
            Assert.Equal(Math.Clamp(whole - 1, 0, 2), transcript.RecipientReplies.Count(reply => reply is not null));
        }
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("550 5.7.1 blocked\r\n", 550)]
    [InlineData("421 4.7.0 later\r\n", 421)]
    public async Task Refused_sender_counts_although_the_remote_closes_inside_the_group(string reply, int code)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("PIPELINING");
            await dialogue.ExpectAsync("MAIL");
            await dialogue.ExpectAsync("RCPT");
            await dialogue.ExpectAsync("DATA");
            await dialogue.SayAsync(reply);
        });
        await using var session = await Given.SessionAsync(peer.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal(code, transcript.MailFromReply!.Code);
        Assert.Null(transcript.Failure);
        Assert.Null(Assert.Single(transcript.RecipientReplies));
        Assert.False(session.IsUsable);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Refused_recipients_count_although_the_remote_closes_behind_them()
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("PIPELINING");
            await dialogue.ExpectAsync("MAIL");
            await dialogue.ExpectAsync("RCPT");
            await dialogue.ExpectAsync("DATA");
            await dialogue.SayAsync("250 ok\r\n550 5.1.1 who?\r\n");
        });
        var transcript = await Given.AttemptAsync(peer.EndPoint);
        Assert.Equal(550, transcript.RecipientReplies[0]!.Code);
        Assert.Null(transcript.Failure);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Closing_word_at_a_recipient_is_kept_and_ends_the_session()
    {
        var behavior = new RecordingBehavior { Recipient = recipient => recipient == "b@peer.test" ? new ReceiverReply(421, "4.3.2 closing") : ReceiverReply.Ok };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction("a@peer.test", "b@peer.test", "c@peer.test"), TestContext.Current.CancellationToken);
        Assert.Equal([250, 421, null], transcript.RecipientReplies.Select(reply => reply?.Code));
        Assert.Equal((SmtpPhase.RcptTo, 421), (transcript.Failure!.Phase, transcript.Failure.Reply!.Code));
        Assert.False(session.IsUsable);
        Assert.Empty(behavior.Mails);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("")]
    [InlineData("421 4.4.2 idle\r\n")]
    public async Task Remote_that_left_between_messages_is_found_before_anything_is_said(string farewell)
    {
        var left = new TaskCompletionSource();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.AgreeToEnvelopeAsync();
            await dialogue.ReadContentAsync();
            await dialogue.SayAsync("250 ok\r\n");
            await left.Task;
            await dialogue.SayAsync(farewell);
        });
        await using var session = await Given.SessionAsync(peer.EndPoint);
        await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.True(session.IsUsable);
        left.SetResult();
        await peer.ScriptsEndedAsync();
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.Null(transcript.MailFromReply);
        Assert.False(session.IsUsable);
        Assert.Equal(1, session.TransactionCount);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Remote_that_reset_the_idle_connection_is_found_before_anything_is_said()
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            dialogue.Reset();
        });
        await using var session = await Given.SessionAsync(peer.EndPoint);
        await peer.ScriptsEndedAsync();
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.Equal(0, session.TransactionCount);
        Assert.False(session.IsUsable);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Closing_word_for_the_second_message_leaves_the_first_delivered()
    {
        var mailCount = 0;
        var behavior = new RecordingBehavior { EndOfData = _ => ++mailCount == 1 ? ReceiverReply.Ok : new ReceiverReply(421, "4.7.0 enough") };
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var first = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        var second = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal((250, 421), (first.EndOfDataReply!.Code, second.EndOfDataReply!.Code));
        Assert.Null(second.Failure);
        Assert.False(session.IsUsable);
        await Assert.ThrowsAsync<InvalidOperationException>(() => session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken));
    }
}
