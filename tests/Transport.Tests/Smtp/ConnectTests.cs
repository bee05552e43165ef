using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>The opening dialogue (reliability CN3, CN4).</summary>
public sealed class ConnectTests
{
    [Theory(Timeout = Given.Limit)]
    [InlineData("554 5.7.1 go away\r\n", SessionFailureKind.ConnectFailed, 554)]
    [InlineData("521 no mail here\r\n", SessionFailureKind.ConnectFailed, 521)]
    [InlineData("421 4.3.2 busy\r\n", SessionFailureKind.ConnectFailed, 421)]
    [InlineData("500 what\r\n", SessionFailureKind.ConnectFailed, 500)]
    [InlineData("501 what\r\n", SessionFailureKind.ConnectFailed, 501)]
    [InlineData("530 5.7.0 log in\r\n", SessionFailureKind.ConnectFailed, 530)]
    [InlineData("450 later\r\n", SessionFailureKind.ConnectFailed, 450)]
    [InlineData("221 bye\r\n", SessionFailureKind.Protocol, 221)]
    [InlineData("120 soon\r\n", SessionFailureKind.Protocol, 120)]
    [InlineData("650 eh\r\n", SessionFailureKind.Protocol, 650)]
    [InlineData("22 hello\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("220_hello\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("220 hello\r\n220 again\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("250 hello\r\n", SessionFailureKind.Protocol, 250)]
    [InlineData("354 hello\r\n", SessionFailureKind.Protocol, 354)]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("HTTP/1.1 400 Bad Request\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("2200 hello\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("220-hello\r\n250 there\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("", SessionFailureKind.ConnectionLost, null)]
    public async Task Greeting_that_is_no_welcome_is_a_failure_in_the_greeting(string greeting, SessionFailureKind kind, int? code)
    {
        await using var peer = ScriptedPeer.Start(async dialogue => await dialogue.SayAsync(greeting));
        var result = await Given.Connector().ConnectAsync(Given.Target(peer.EndPoint), TestContext.Current.CancellationToken);
        Assert.Null(result.Session);
        Assert.Equal((SmtpPhase.Greeting, kind, code), (result.Failure!.Phase, result.Failure.Kind, result.Failure.Reply?.Code));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Silent_remote_is_given_up_after_the_greeting_time()
    {
        var time = new FakeTimeProvider();
        var isConnected = new TaskCompletionSource();
        await using var peer = ScriptedPeer.Start(dialogue =>
        {
            isConnected.SetResult();
            return dialogue.WaitForCloseAsync();
        });
        var connecting = Given.Connector(time).ConnectAsync(Given.Target(peer.EndPoint), TestContext.Current.CancellationToken);
        await isConnected.Task;
        await Until.CompletedAsync(connecting, () => time.Advance(TimeSpan.FromMinutes(1)));
        var failure = (await connecting).Failure!;
        Assert.Equal(SessionFailureKind.Timeout, failure.Kind);
        Assert.True(failure.Phase is SmtpPhase.Greeting or SmtpPhase.Connect);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Closed_port_is_a_failure_to_connect()
    {
        var endPoint = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, Orleans.Mail.Support.FreePort.Next());
        var failure = (await Given.Connector().ConnectAsync(Given.Target(endPoint), TestContext.Current.CancellationToken)).Failure!;
        Assert.Equal((SmtpPhase.Connect, SessionFailureKind.ConnectFailed), (failure.Phase, failure.Kind));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Cancelled_connect_throws()
    {
        using var source = new CancellationTokenSource();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await source.CancelAsync();
            await dialogue.WaitForCloseAsync();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Given.Connector().ConnectAsync(Given.Target(peer.EndPoint), source.Token));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(504)]
    public async Task Ehlo_refused_falls_back_to_helo_and_no_extension_is_used(int code)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.SayAsync("220 old\r\n");
            await dialogue.ExpectAsync("EHLO sender.test");
            await dialogue.SayAsync($"{code} what?\r\n");
            await dialogue.ExpectAsync("HELO sender.test");
            await dialogue.SayAsync("250 hello\r\n");
            Assert.Equal("MAIL FROM:<from@sender.test>", await dialogue.ReadLineAsync());
            // Not pipelined: the next command waits for this reply.
            Assert.False(dialogue.Stream.DataAvailable);
            await dialogue.SayAsync("250 ok\r\n");
            await dialogue.ExpectAsync("RCPT TO:<to@peer.test>");
            await dialogue.SayAsync("250 ok\r\n");
            await dialogue.ExpectAsync("DATA");
            await dialogue.SayAsync("354 go\r\n");
            await dialogue.ReadContentAsync();
            await dialogue.SayAsync("250 ok\r\n");
        });
        var transcript = await Given.AttemptAsync(peer.EndPoint);
        Assert.Null(transcript.Failure);
        Assert.True(transcript.EndOfDataReply!.IsPositive);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("421 4.3.2 closing\r\n", SessionFailureKind.ConnectFailed, 421)]
    [InlineData("550 5.7.1 not you\r\n", SessionFailureKind.ConnectFailed, 550)]
    [InlineData("451 4.3.0 later\r\n", SessionFailureKind.ConnectFailed, 451)]
    [InlineData("501 5.5.4 name\r\n", SessionFailureKind.ConnectFailed, 501)]
    [InlineData("530 5.7.0 log in\r\n", SessionFailureKind.ConnectFailed, 530)]
    [InlineData("554 5.7.1 no\r\n", SessionFailureKind.ConnectFailed, 554)]
    [InlineData("220 again\r\n", SessionFailureKind.Protocol, 220)]
    [InlineData("354 go\r\n", SessionFailureKind.Protocol, 354)]
    [InlineData("221 bye\r\n", SessionFailureKind.Protocol, 221)]
    [InlineData("\r\n", SessionFailureKind.Protocol, null)]
    [InlineData("250-only half\r\n", SessionFailureKind.ConnectionLost, null)]
    public async Task Ehlo_and_helo_refused_is_a_failure_with_the_remotes_words(string reply, SessionFailureKind kind, int? code)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.SayAsync("220 peer\r\n");
            await dialogue.ExpectAsync("EHLO");
            await dialogue.SayAsync(reply);
            if (code is null or 421) return;
            await dialogue.ExpectAsync("HELO");
            await dialogue.SayAsync(reply);
        });
        var failure = (await Given.Connector().ConnectAsync(Given.Target(peer.EndPoint), TestContext.Current.CancellationToken)).Failure!;
        Assert.Equal((SmtpPhase.Ehlo, code), (failure.Phase, failure.Reply?.Code));
        if (reply != "250-only half\r\n") Assert.Equal(kind, failure.Kind);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Endless_greeting_ends_at_its_bound(bool isOneLine)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            var piece = isOneLine ? new string('A', 1000) : "220-more\r\n";
            while (true) await dialogue.SayAsync(piece);
        });
        var failure = (await Given.Connector().ConnectAsync(Given.Target(peer.EndPoint), TestContext.Current.CancellationToken)).Failure!;
        Assert.Equal((SmtpPhase.Greeting, SessionFailureKind.Protocol), (failure.Phase, failure.Kind));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Words_behind_the_ehlo_reply_poison_the_session()
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.SayAsync("220 peer\r\n");
            await dialogue.ExpectAsync("EHLO");
            await dialogue.SayAsync("250 ok\r\n250 too much\r\n");
            await dialogue.WaitForCloseAsync();
        });
        var failure = (await Given.Connector().ConnectAsync(Given.Target(peer.EndPoint), TestContext.Current.CancellationToken)).Failure!;
        Assert.Equal((SmtpPhase.Ehlo, SessionFailureKind.Protocol), (failure.Phase, failure.Kind));
    }
}
