using System.Text;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Receiving;

public sealed class SmtpReceiverTests
{
    const string Envelope = "EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n";

    [Theory(Timeout = Given.Limit)]
    [InlineData("MAIL FROM:<a@b.test>", "503")]
    [InlineData("EHLO", "501")]
    [InlineData("EHLO me\r\nRCPT TO:<a@b.test>", "503")]
    [InlineData("EHLO me\r\nDATA", "503")]
    [InlineData("EHLO me\r\nMAIL FROM:a@b.test", "501")]
    [InlineData("EHLO me\r\nMAIL FROM:<a@b.test", "501")]
    [InlineData("EHLO me\r\nMAIL FROM:<a@b.test> FOO=BAR", "555")]
    [InlineData("EHLO me\r\nMAIL FROM:<a@b.test> SIZE=999999999", "552")]
    [InlineData("EHLO me\r\nMAIL FROM:<\"a>b\"@b.test> SIZE=10 BODY=8BITMIME SMTPUTF8", "250")]
    [InlineData("EHLO me\r\nMAIL FROM:<>\r\nMAIL FROM:<>", "503")]
    [InlineData("EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<>", "501")]
    [InlineData("EHLO me\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>", "250")]
    [InlineData("NOOP", "250")]
    [InlineData("VRFY x", "252")]
    [InlineData("STARTTLS", "502")]
    [InlineData("QUIT", "221")]
    [InlineData("helo me", "250")]
    public async Task Commands_are_answered_as_the_protocol_says(string commands, string code)
    {
        await using var receiver = new RecordingBehavior().Start();
        using var client = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        await client.ReplyAsync();
        await client.SayAsync(commands + "\r\n");
        var reply = "";
        for (var i = commands.Split("\r\n").Length; i > 0; i--) reply = await client.ReplyAsync();
        Assert.StartsWith(code, reply, StringComparison.Ordinal);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("a\n.\nb")]
    [InlineData("a\r.\rb")]
    [InlineData("a\n.\r\nb")]
    [InlineData("a\r\n.\nb")]
    [InlineData("a\r\n.\rb")]
    [InlineData("a\r\n.\r\r\nb")]
    public async Task Only_a_dot_alone_between_whole_line_ends_ends_content(string body)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        using var client = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        await client.SayAsync(Envelope + body + "\r\n.\r\nQUIT\r\n");
        while ((await client.ReplyAsync()).Length > 0)
        {
        }

        var content = Encoding.Latin1.GetString(Assert.Single(behavior.Mails).Content.Span);
        Assert.Equal(body.Replace("\r\n.", "\r\n", StringComparison.Ordinal) + "\r\n", content);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Content_in_pieces_of_one_octet_is_the_same()
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        using var client = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        foreach (var octet in Envelope + "..a\r\n..\r\nb\r\n.\r\nQUIT\r\n") await client.SayAsync($"{octet}");
        while ((await client.ReplyAsync()).Length > 0)
        {
        }

        Assert.Equal(".a\r\n.\r\nb\r\n", Encoding.Latin1.GetString(Assert.Single(behavior.Mails).Content.Span));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Content_past_the_bound_is_refused_and_the_session_goes_on()
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start(new ReceiverOptions { MaxContentBytes = 1000, OffersSize = false });
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        Assert.Equal(552, (await session.SendAsync(Given.Transaction() with { Content = Contents.Lines(500_000) }, TestContext.Current.CancellationToken)).EndOfDataReply!.Code);
        Assert.Equal(250, (await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).EndOfDataReply!.Code);
        Assert.Single(behavior.Mails);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Line_past_the_bound_ends_the_session()
    {
        await using var receiver = new RecordingBehavior().Start();
        using var client = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        await client.ReplyAsync();
        Assert.StartsWith("500", await client.AskAsync("NOOP " + new string('x', 5000)), StringComparison.Ordinal);
        Assert.Equal("", await client.ReplyAsync());
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Sessions_past_the_bound_are_turned_away()
    {
        await using var receiver = new RecordingBehavior().Start(new ReceiverOptions { MaxSessions = 1 });
        using var first = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        Assert.StartsWith("220", await first.ReplyAsync(), StringComparison.Ordinal);
        using var second = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        Assert.StartsWith("421", await second.ReplyAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Silent_client_is_dropped_after_its_time()
    {
        var time = new FakeTimeProvider();
        await using var receiver = new RecordingBehavior().Start(time: time);
        using var client = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        await client.ReplyAsync();
        var next = client.ReplyAsync();
        await Until.CompletedAsync(next, () => time.Advance(TimeSpan.FromMinutes(5)));
        Assert.Equal("", await next);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Held_back_answer_comes_when_its_time_comes()
    {
        var time = new FakeTimeProvider();
        var isAsked = new TaskCompletionSource();
        var behavior = new RecordingBehavior
        {
            Command = (verb, _) =>
            {
                if (verb != "NOOP") return null;
                isAsked.TrySetResult();
                return ReceiverReply.Ok with { Delay = TimeSpan.FromSeconds(60) };
            },
        };
        await using var receiver = behavior.Start(time: time);
        using var client = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        await client.ReplyAsync();
        var answer = client.AskAsync("NOOP\r\n");
        await isAsked.Task;
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(answer.IsCompleted);
        await Until.CompletedAsync(answer, () => time.Advance(TimeSpan.FromSeconds(1)));
        Assert.Equal("250 2.0.0 Ok", await answer);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Broken_network_ends_sessions_and_new_ones_are_taken()
    {
        await using var receiver = new RecordingBehavior().Start();
        using var client = await ReceiverClient.ConnectAsync(receiver.EndPoint);
        await client.ReplyAsync();
        receiver.DropSessions();
        Assert.Equal("", await client.ReplyAsync());
        Assert.Equal(250, (await Given.AttemptAsync(receiver.EndPoint)).EndOfDataReply!.Code);
        Assert.Equal(2, receiver.SessionCount);
    }
}
