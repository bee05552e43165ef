using System.Text.Json;
using Orleans.Mail.Cli.Commands;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Testing;

namespace Orleans.Mail.Cli.Tests;

/// <summary>The verbs that change what was accepted, and who is held or not written to.</summary>
public sealed class OperationsTests : IDisposable
{
    readonly FakeMailClient _service = new();
    readonly StringWriter _output = new();
    readonly StringWriter _talk = new();
    bool _isReached;

    public void Dispose()
    {
        _output.Dispose();
        _talk.Dispose();
    }

    [Theory]
    [InlineData("message", "retry", "not-an-id")]
    [InlineData("message", "fail", "01M853H8YYQ3Y38F0TEH8K96M3")]
    [InlineData("message", "reschedule", "01M853H8YYQ3Y38F0TEH8K96M3")]
    [InlineData("message", "reschedule", "01M853H8YYQ3Y38F0TEH8K96M3", "--in", "01:00:00", "--at", "2030-01-31T08:00+01:00")]
    [InlineData("message", "set-priority", "01M853H8YYQ3Y38F0TEH8K96M3", "Soon")]
    [InlineData("queue", "retry")]
    [InlineData("queue", "retry", "--all", "--tenant", "t")]
    [InlineData("queue", "suspend", "--tenant", "t")]
    [InlineData("queue", "fail", "--state", "Lost", "--reason", "x")]
    [InlineData("queue", "limit", "--rate", "1/1m", "--reason", "x")]
    [InlineData("queue", "limit", "--site", "mx.example.com", "--reason", "x")]
    [InlineData("queue", "limit", "--site", "mx.example.com", "--max-sessions", "few", "--reason", "x")]
    [InlineData("suppression", "add", "a@b.test")]
    public async Task A_wrong_command_line_is_2_and_reaches_nobody(params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync(args));
        Assert.False(_isReached);
    }

    [Theory]
    [InlineData(MessageAction.RetryNow, "retry")]
    [InlineData(MessageAction.Suspend, "suspend", "--reason", "why")]
    [InlineData(MessageAction.Resume, "resume")]
    [InlineData(MessageAction.Fail, "fail", "--reason", "why")]
    [InlineData(MessageAction.None, "reschedule", "--in", "01:00:00")]
    [InlineData(MessageAction.None, "set-expiry", "--at", "2030-01-31T08:00+01:00")]
    public async Task A_change_of_one_message_is_what_was_typed(MessageAction expected, string verb, params string[] options)
    {
        var id = await DeferredAsync();
        Assert.Equal(ExitCodes.Ok, await RunAsync(["message", verb, id.ToString(), .. options]));
        var (changed, change) = Assert.Single(_service.Operations.Changes);
        Assert.Equal((id, expected), (changed, change.Action));
        Assert.Equal(options.Contains("--reason") ? "why" : null, change.Reason);
        Assert.Equal(verb == "reschedule", change.SendAt is not null);
        Assert.Equal(verb == "set-expiry" ? new DateTimeOffset(2030, 1, 31, 8, 0, 0, TimeSpan.FromHours(1)) : null, change.ExpiresAt);
    }

    [Fact]
    public async Task Priority_is_an_argument_and_a_final_message_is_1_and_an_unknown_one_3()
    {
        var id = await DeferredAsync();
        Assert.Equal(ExitCodes.Ok, await RunAsync("message", "set-priority", id.ToString(), "High"));
        Assert.Equal(Priority.High, Assert.Single(_service.Operations.Changes).Change.Priority);
        await RunAsync("message", "fail", id.ToString(), "--reason", "why");
        Assert.Equal(ExitCodes.Failed, await RunAsync("message", "retry", id.ToString()));
        Assert.Equal(ExitCodes.NotFound, await RunAsync("message", "retry", "01M853H8YYQ3Y38F0TEH8K96M3"));
    }

    [Fact]
    public async Task A_set_is_selected_and_its_numbers_are_told()
    {
        await DeferredAsync("spring");
        await DeferredAsync("spring");
        await DeferredAsync("autumn");
        Assert.Equal(ExitCodes.Ok, await RunAsync("queue", "reroute", "--campaign", "spring", "--to", "backup", "-o", "json"));
        using var line = JsonDocument.Parse(_output.ToString());
        Assert.Equal((2, 2), (line.RootElement.GetProperty("matched").GetInt64(), line.RootElement.GetProperty("changed").GetInt64()));
        Assert.All(_service.Operations.Changes, item => Assert.Equal("backup", item.Change.Route));
    }

    [Theory]
    [InlineData(MessageAction.Suspend, "hold", "--reason", "why")]
    [InlineData(MessageAction.Resume, "release")]
    [InlineData(MessageAction.RetryNow, "retry")]
    [InlineData(MessageAction.Fail, "fail", "--reason", "why")]
    [InlineData(MessageAction.Cancel, "cancel", "--reason", "why")]
    public async Task A_change_of_a_set_is_what_was_typed(MessageAction expected, string verb, params string[] options)
    {
        var id = await DeferredAsync("spring");
        await DeferredAsync("autumn");
        Assert.Equal(ExitCodes.Ok, await RunAsync(["queue", verb, "--campaign", "spring", .. options]));
        var (changed, change) = Assert.Single(_service.Operations.Changes);
        Assert.Equal((id, expected, options.Contains("--reason") ? "why" : null), (changed, change.Action, change.Reason));
    }

    [Fact]
    public async Task A_suspension_is_given_listed_and_ended()
    {
        Assert.Equal(ExitCodes.Ok, await RunAsync("queue", "suspend", "--tenant", "shop", "--reason", "A complaint.", "--in", "04:00:00", "--id", "c-17"));
        _output.GetStringBuilder().Clear();
        await RunAsync("suspension", "list");
        Assert.Contains("c-17", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("tenant shop", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(ExitCodes.NotFound, await RunAsync("queue", "resume", "--tenant", "other"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("queue", "resume", "--tenant", "shop"));
        Assert.Equal(ExitCodes.NotFound, await RunAsync("suspension", "revoke", "c-17"));
    }

    [Fact]
    public async Task A_limit_is_the_order_that_was_typed()
    {
        Assert.Equal(ExitCodes.Ok, await RunAsync(
            "queue", "limit", "--site", "mx.example.com", "--rate", "10/1s, burst 20", "--connection-rate", "2/1m", "--max-sessions", "2", "--messages-per-connection", "5", "--reason", "They asked.", "--in", "04:00:00", "--id", "l-1"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("queue", "limit", "--tenant", "shop", "--daily-quota", "1000", "--max-concurrent", "5", "--reason", "New.", "--id", "l-2"));
        var orders = await _service.Operations.ListOrdersAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                (OrderKind.Limit, "site mx.example.com", """{"rate":"10/1s, burst 20","connectionRate":"2/1m","maxSessions":2,"messagesPerConnection":5}""", true),
                (OrderKind.Limit, "tenant shop", """{"dailyQuota":1000,"maxConcurrent":5}""", false),
            ],
            orders.OrderBy(order => order.Id, StringComparer.Ordinal).Select(order => (order.Kind, order.Scope.ToString(), order.Detail!, order.Until is not null)));
        Assert.All(orders, order => Assert.Null(OrderRules.Problem(order, TimeProvider.System.GetUtcNow())));
        Assert.Equal(ExitCodes.Ok, await RunAsync("suspension", "revoke", "l-1"));
    }

    [Fact]
    public async Task An_address_is_put_on_the_list_listed_and_taken_off()
    {
        Assert.Equal(ExitCodes.Ok, await RunAsync("suppression", "add", "a@b.test", "--tenant", "shop", "--reason", "Asked not to be.", "--in", "90.00:00:00"));
        Assert.Equal(ExitCodes.Usage, await RunAsync("suppression", "add", "nobody", "--reason", "x"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("suppression", "list", "--tenant", "shop", "-o", "json"));
        using var line = JsonDocument.Parse(_output.ToString());
        Assert.Equal("a@b.test", line.RootElement.GetProperty("address").GetString());
        Assert.Equal(ExitCodes.NotFound, await RunAsync("suppression", "remove", "a@b.test"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("suppression", "remove", "A@b.test", "--tenant", "shop"));
    }

    async Task<MessageId> DeferredAsync(string? campaign = null)
    {
        _service.On(_ => true).Defer();
        return (await _service.SubmitAsync(new MailDraft { From = "a@b.test", To = ["c@d.test"], Text = "x", Campaign = campaign }, TestContext.Current.CancellationToken)).Id;
    }

    Task<int> RunAsync(params string[] args) => CommandLine.RunAsync(args, (_, _) =>
    {
        _isReached = true;
        return Task.FromResult<IMailClient>(_service);
    }, _output, _talk, TestContext.Current.CancellationToken);
}
