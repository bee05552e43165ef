using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Smtp;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Remotes that take their time without ever being silent (reliability S11, trap 2).</summary>
public sealed class PaceTests
{
    static readonly TimeSpan Block = TimeSpan.FromMinutes(3);

    [Fact]
    public void Block_has_its_whole_time_while_the_rate_is_kept()
    {
        var time = new FakeTimeProvider();
        var pace = new ContentPace(time, Block, 500);
        Assert.Equal(Block, pace.Limit(0));
        time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(Block, pace.Limit(50_000));
        Assert.Equal(Block, pace.Limit(10_000_000));
    }

    [Fact]
    public void What_the_rate_lacks_is_taken_off_until_nothing_is_left()
    {
        var time = new FakeTimeProvider();
        var pace = new ContentPace(time, Block, 500);
        time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(TimeSpan.FromSeconds(90), pace.Limit(5_000));
        time.Advance(TimeSpan.FromHours(1));
        Assert.InRange(pace.Limit(5_000), TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(1));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Remote_that_reads_a_little_now_and_then_is_given_up()
    {
        var time = new FakeTimeProvider();
        var isOver = new TaskCompletionSource();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync();
            await dialogue.AgreeToEnvelopeAsync();
            var block = new byte[64 * 1024];
            // Each block within its own time, and all of them too slow.
            while (!isOver.Task.IsCompleted)
            {
                await dialogue.Stream.ReadExactlyAsync(block);
                time.Advance(TimeSpan.FromSeconds(175));
            }
        });
        await using var session = await Given.SessionAsync(peer.EndPoint, time, new TransportOptions { LocalDomain = "sender.test", MinContentRate = 100_000 });
        var transcript = await session.SendAsync(Given.Transaction() with { Content = Contents.Lines(64 * 1024 * 1024) }, TestContext.Current.CancellationToken);
        isOver.SetResult();
        Assert.Equal((SmtpPhase.Content, SessionFailureKind.Timeout, false), (transcript.Failure!.Phase, transcript.Failure.Kind, transcript.IsInDoubt));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(SmtpPhase.Greeting)]
    [InlineData(SmtpPhase.Ehlo)]
    [InlineData(SmtpPhase.StartTls)]
    [InlineData(SmtpPhase.RcptTo)]
    [InlineData(SmtpPhase.EndOfData)]
    public async Task Dripping_reply_ends_at_the_deadline_of_its_phase(SmtpPhase phase)
    {
        var time = new FakeTimeProvider();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            if (phase > SmtpPhase.Greeting) await dialogue.SayAsync("220 peer\r\n");
            if (phase > SmtpPhase.Ehlo) await dialogue.AnswerEhloAsync(phase == SmtpPhase.StartTls ? "STARTTLS" : "HELP");
            if (phase > SmtpPhase.MailFrom)
            {
                await dialogue.ExpectAsync("MAIL");
                await dialogue.SayAsync("250 ok\r\n");
                await dialogue.ExpectAsync("RCPT");
            }

            if (phase > SmtpPhase.Data)
            {
                await dialogue.SayAsync("250 ok\r\n");
                await dialogue.ExpectAsync("DATA");
                await dialogue.SayAsync("354 go\r\n");
                await dialogue.ReadContentAsync();
            }
            else if (phase is SmtpPhase.Ehlo or SmtpPhase.StartTls)
            {
                await dialogue.ReadLineAsync();
            }

            await dialogue.SayAsync("250 ");
            while (true)
            {
                await dialogue.SayAsync("x");
                time.Advance(TimeSpan.FromSeconds(10));
            }
        });
        var result = await Given.Connector(time).ConnectAsync(Given.Target(peer.EndPoint, phase == SmtpPhase.StartTls ? TlsMode.Required : TlsMode.Opportunistic), TestContext.Current.CancellationToken);
        var failure = result.Failure ?? (await result.Session!.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).Failure!;
        if (result.Session is not null) await result.Session.DisposeAsync();
        // The remote may drip before the dialling is seen to be done.
        Assert.Equal(phase, failure.Phase == SmtpPhase.Connect ? SmtpPhase.Greeting : failure.Phase);
        Assert.Equal(SessionFailureKind.Timeout, failure.Kind);
    }
}
