using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Deadlines cover a whole command with its whole reply; giving up and stopping are told apart (reliability SD8, S11).</summary>
public sealed class DeadlineTests
{
    [Theory(Timeout = Given.Limit)]
    [InlineData("MAIL", SmtpPhase.MailFrom)]
    [InlineData("RCPT", SmtpPhase.RcptTo)]
    [InlineData("DATA", SmtpPhase.Data)]
    [InlineData(".", SmtpPhase.EndOfData)]
    public async Task Silence_ends_at_the_deadline_of_its_phase(string at, SmtpPhase phase)
    {
        var time = new FakeTimeProvider();
        var isSilent = new TaskCompletionSource();
        ReceiverReply Hush()
        {
            isSilent.TrySetResult();
            return ReceiverReply.Silence;
        }

        var behavior = new RecordingBehavior
        {
            Command = (verb, _) => verb == at ? Hush() : null,
            EndOfData = _ => at == "." ? Hush() : ReceiverReply.Ok,
        };
        await using var receiver = behavior.Start(new ReceiverOptions { OffersPipelining = false });
        await using var session = await Given.SessionAsync(receiver.EndPoint, time);
        var sending = session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        await isSilent.Task;
        await Until.CompletedAsync(sending, () => time.Advance(TimeSpan.FromMinutes(1)));
        var transcript = await sending;
        Assert.Equal((phase, SessionFailureKind.Timeout), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.Equal(at == ".", transcript.IsInDoubt);
        Assert.False(session.IsUsable);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Dripping_reply_does_not_stretch_the_deadline()
    {
        var time = new FakeTimeProvider();
        var start = time.GetUtcNow();
        var isBegun = new TaskCompletionSource();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.ExpectAsync("MAIL");
            isBegun.SetResult();
            await dialogue.SayAsync("250 ");
            // Drips as fast as the test's clock runs, and never ends.
            while (true)
            {
                await dialogue.SayAsync("x");
                time.Advance(TimeSpan.FromSeconds(10));
            }
        });
        await using var session = await Given.SessionAsync(peer.EndPoint, time);
        var transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.Timeout), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.True(isBegun.Task.IsCompleted);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Remote_that_does_not_read_content_ends_at_the_deadline_and_is_not_in_doubt()
    {
        var time = new FakeTimeProvider();
        var isAgreed = new TaskCompletionSource();
        var isOver = new TaskCompletionSource();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.AgreeToEnvelopeAsync();
            isAgreed.SetResult();
            await isOver.Task;
        });
        await using var session = await Given.SessionAsync(peer.EndPoint, time);
        var sending = session.SendAsync(Given.Transaction() with { Content = Contents.Lines(32 * 1024 * 1024) }, TestContext.Current.CancellationToken);
        await isAgreed.Task;
        await Until.CompletedAsync(sending, () => time.Advance(TimeSpan.FromSeconds(10)));
        isOver.SetResult();
        var transcript = await sending;
        Assert.Equal((SmtpPhase.Content, SessionFailureKind.Timeout), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.False(transcript.IsInDoubt);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Goodbye_waits_a_few_seconds_at_most()
    {
        var time = new FakeTimeProvider();
        var isAsked = new TaskCompletionSource();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.ExpectAsync("QUIT");
            isAsked.SetResult();
            await dialogue.WaitForCloseAsync();
        });
        var session = await Given.SessionAsync(peer.EndPoint, time);
        var quitting = session.QuitAsync();
        await isAsked.Task;
        Assert.False(quitting.IsCompleted);
        await Until.CompletedAsync(quitting, () => time.Advance(TimeSpan.FromSeconds(3)));
        await quitting;
        Assert.False(session.IsUsable);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Goodbye_is_said_and_answered()
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        await (await Given.SessionAsync(receiver.EndPoint)).QuitAsync();
        Assert.Contains("QUIT", behavior.Lines);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("RCPT", SmtpPhase.RcptTo, false)]
    [InlineData(".", SmtpPhase.EndOfData, true)]
    public async Task Cancelled_transaction_is_abandoned(string at, SmtpPhase phase, bool isInDoubt)
    {
        using var source = new CancellationTokenSource();
        ReceiverReply Stop()
        {
            source.Cancel();
            return ReceiverReply.Silence;
        }

        var behavior = new RecordingBehavior { Recipient = _ => at == "RCPT" ? Stop() : ReceiverReply.Ok, EndOfData = _ => Stop() };
        await using var receiver = behavior.Start(new ReceiverOptions { OffersPipelining = false });
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), source.Token);
        Assert.Equal((phase, SessionFailureKind.Abandoned, isInDoubt), (transcript.Failure!.Phase, transcript.Failure.Kind, transcript.IsInDoubt));
        Assert.False(session.IsUsable);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Transaction_cancelled_before_it_begins_leaves_the_session_alone()
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction(), new CancellationToken(true));
        Assert.Equal(SessionFailureKind.Abandoned, transcript.Failure!.Kind);
        Assert.True(session.IsUsable);
        Assert.Equal(250, (await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).EndOfDataReply!.Code);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Hook_runs_once_before_the_end_of_data()
    {
        var calls = 0;
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        var transcript = await Given.AttemptAsync(receiver.EndPoint, Given.Transaction() with
        {
            BeforeEndOfData = () =>
            {
                calls++;
                Assert.Empty(behavior.Mails);
                return Task.CompletedTask;
            },
        });
        Assert.Equal((1, 250), (calls, transcript.EndOfDataReply!.Code));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task End_of_data_waits_for_its_hook_which_may_begin_with_the_content()
    {
        var ready = new TaskCompletionSource();
        var hasBegun = new TaskCompletionSource();
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        var sending = Given.AttemptAsync(receiver.EndPoint, Given.Transaction() with { BeforeContent = hasBegun.SetResult, BeforeEndOfData = () => ready.Task });
        await hasBegun.Task;
        Assert.Empty(behavior.Mails);
        Assert.False(sending.IsCompleted);
        ready.SetResult();
        Assert.Equal(250, (await sending).EndOfDataReply!.Code);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Hook_that_throws_keeps_the_end_of_data_from_being_sent()
    {
        byte[] rest = [];
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.AgreeToEnvelopeAsync();
            rest = await dialogue.ReadToEndAsync();
        });
        await using var session = await Given.SessionAsync(peer.EndPoint);
        var transcript = await session.SendAsync(Given.Transaction() with { BeforeEndOfData = () => Task.FromException(new InvalidOperationException("secret words")) }, TestContext.Current.CancellationToken);
        Assert.Equal((SmtpPhase.Content, SessionFailureKind.Internal), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.DoesNotContain("secret", transcript.Failure.Detail, StringComparison.Ordinal);
        Assert.False(transcript.IsInDoubt);
        Assert.False(session.IsUsable);
        await peer.ScriptsEndedAsync();
        Assert.DoesNotContain("\r\n.\r\n", System.Text.Encoding.Latin1.GetString(rest), StringComparison.Ordinal);
    }
}
