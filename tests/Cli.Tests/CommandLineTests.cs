using System.Net;
using System.Text.Json;
using Orleans.Mail.Cli.Commands;
using Orleans.Mail.Testing;

namespace Orleans.Mail.Cli.Tests;

/// <summary>What is typed, what comes out, and the exit codes that scripts rely on.</summary>
public sealed class CommandLineTests : IDisposable
{
    readonly FakeMailClient _service = new();
    readonly StringWriter _output = new();
    readonly StringWriter _talk = new();
    DnsEndPoint? _gateway;

    public void Dispose()
    {
        _output.Dispose();
        _talk.Dispose();
    }

    [Theory]
    [InlineData("send", "--from", "a@b.test")]
    [InlineData("send", "--from", "a@b.test", "--to", "c@d.test", "--priority", "Soon")]
    [InlineData("send", "--from", "a@b.test", "--to", "c@d.test", "--eml", "no-such-file.eml")]
    [InlineData("status", "not-an-id")]
    [InlineData("cancel", "01M853H8YYQ3Y38F0TEH8K96M3")]
    [InlineData("events", "tail", "--from", "nowhere")]
    [InlineData("message", "list", "--state", "Lost")]
    [InlineData("message", "list", "--gateway", "localhost")]
    [InlineData("no-such-verb")]
    public async Task A_wrong_command_line_is_2_and_reaches_nobody(params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync(args));
        Assert.Null(_gateway);
        Assert.NotEmpty(_talk.ToString());
    }

    [Fact]
    public async Task Eml_and_text_exclude_each_other()
    {
        var file = Path.GetTempFileName();
        try
        {
            Assert.Equal(ExitCodes.Usage, await RunAsync("send", "--from", "a@b.test", "--to", "c@d.test", "--eml", file, "--text", "Hello"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("localhost", 30000)]
    [InlineData("mail.internal", 31000, "--gateway", "mail.internal:31000")]
    [InlineData("::1", 31000, "--gateway", "[::1]:31000")]
    public async Task The_gateway_is_the_one_given(string host, int port, params string[] option)
    {
        await RunAsync(["message", "list", .. option]);
        Assert.Equal(new DnsEndPoint(host, port), _gateway);
    }

    [Fact]
    public async Task Send_hands_over_what_was_typed()
    {
        Assert.Equal(ExitCodes.Ok, await RunAsync(
            "send", "--from", "a@b.test", "--to", "c@d.test", "--to", "e@f.test", "--subject", "Hi", "--text", "There", "--priority", "High", "--key", "k1", "--tag", "t1"));
        var draft = Assert.Single(_service.Submitted);
        Assert.Equal(["c@d.test", "e@f.test"], draft.To);
        Assert.Equal(("a@b.test", "Hi", "There", Priority.High, "k1", "t1"), (draft.From, draft.Subject, draft.Text, draft.Priority, draft.IdempotencyKey, Assert.Single(draft.Tags)));
    }

    [Fact]
    public async Task Send_with_the_same_key_says_that_it_was_accepted_before()
    {
        string[] send = ["send", "--from", "a@b.test", "--to", "c@d.test", "--text", "x", "--key", "k1", "-o", "json"];
        await RunAsync(send);
        _output.GetStringBuilder().Clear();
        Assert.Equal(ExitCodes.Ok, await RunAsync(send));
        using var line = JsonDocument.Parse(_output.ToString());
        Assert.True(line.RootElement.GetProperty("wasDuplicate").GetBoolean());
    }

    [Fact]
    public async Task A_bad_draft_is_2_and_tells_every_fault()
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync("send", "--from", "nobody", "--to", "no one"));
        Assert.Contains("From", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("To", _talk.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ann@alive.test", ExitCodes.Ok)]
    [InlineData("ann@dead.test", ExitCodes.Failed)]
    public async Task Send_and_wait_is_1_unless_delivered(string recipient, int expected)
    {
        _service.On(draft => draft.To.Contains("ann@dead.test")).Bounce("5.1.1");
        Assert.Equal(expected, await RunAsync("send", "--from", "a@b.test", "--to", recipient, "--text", "x", "--wait"));
    }

    [Theory]
    [InlineData("status", "01M853H8YYQ3Y38F0TEH8K96M3")]
    [InlineData("status", "01M853H8YYQ3Y38F0TEH8K96M3", "--watch")]
    [InlineData("cancel", "01M853H8YYQ3Y38F0TEH8K96M3", "--reason", "none")]
    public async Task An_unknown_message_is_3(params string[] args) => Assert.Equal(ExitCodes.NotFound, await RunAsync(args));

    [Fact]
    public async Task No_service_is_5()
    {
        var code = await CommandLine.RunAsync(["message", "list"], (_, _) => throw new MailException(MailErrorCode.Unreachable, "Nobody."), _output, _talk, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Unreachable, code);
    }

    [Fact]
    public async Task Json_is_one_object_a_line_with_ids_and_states_as_text()
    {
        await RunAsync("send", "--from", "a@b.test", "--to", "c@d.test", "--text", "1");
        await RunAsync("send", "--from", "a@b.test", "--to", "c@d.test", "--text", "2");
        _output.GetStringBuilder().Clear();
        await RunAsync("message", "list", "-o", "json");
        var lines = _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        foreach (var line in lines)
        {
            using var item = JsonDocument.Parse(line);
            Assert.True(MessageId.TryParse(item.RootElement.GetProperty("id").GetString(), out _));
            Assert.Equal("Delivered", item.RootElement.GetProperty("state").GetString());
        }
    }

    [Fact]
    public async Task Status_shows_recipients_attempts_and_replies()
    {
        _service.On(_ => true).Bounce("5.1.1");
        var submission = await _service.SubmitAsync(new MailDraft { From = "a@b.test", To = ["c@d.test"], Text = "x" }, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Ok, await RunAsync("status", submission.Id.ToString()));
        Assert.Contains("Bounced", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("c@d.test", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("5.1.1", _output.ToString(), StringComparison.Ordinal);
    }

    Task<int> RunAsync(params string[] args) => CommandLine.RunAsync(args, ConnectAsync, _output, _talk, TestContext.Current.CancellationToken);

    Task<IMailClient> ConnectAsync(Target target, CancellationToken cancellationToken)
    {
        _gateway = target.Gateway;
        return Task.FromResult<IMailClient>(_service);
    }
}
