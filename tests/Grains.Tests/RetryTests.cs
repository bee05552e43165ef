using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>How long is waited after which answer.</summary>
public sealed class RetryTests : ClockedTests
{
    static readonly SessionFailure Refused = new(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, "refused");

    void Say(int code, string text) => Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, code, text);

    async Task<TimeSpan> WaitAfterAsync(SubmitRequest request, string category)
    {
        var status = await TriedAsync(request.Id, 1);
        Assert.Equal((MailState.Deferred, category), (status.State, status.Recipients[0].Category));
        return status.Recipients[0].NextAttemptAt!.Value - Now;
    }

    [Theory]
    [InlineData(450, "4.2.1 Mailbox busy", "mailbox-unavailable", Priority.Normal, 60)]
    [InlineData(450, "4.2.1 Mailbox busy", "mailbox-unavailable", Priority.High, 15)]
    [InlineData(451, "4.3.0 Local trouble", "remote-trouble", Priority.Normal, 120)]
    [InlineData(451, "4.3.0 Local trouble", "remote-trouble", Priority.High, 15)]
    [InlineData(450, "4.7.1 Greylisted", "greylisted", Priority.Bulk, 300)]
    [InlineData(450, "4.7.1 Greylisted", "greylisted", Priority.High, 60)]
    [InlineData(452, "4.2.2 Mailbox full", "mailbox-full", Priority.Normal, 1800)]
    [InlineData(452, "4.2.2 Mailbox full", "mailbox-full", Priority.High, 300)]
    public async Task Each_category_has_waits_of_its_own(int code, string text, string category, Priority priority, int seconds)
    {
        await StartAsync();
        Say(code, text);
        Assert.Equal(TimeSpan.FromSeconds(seconds), await WaitAfterAsync(await SubmitAsync("ann@example.com", priority), category));
    }

    [Theory]
    [InlineData(Priority.Normal, 60)]
    [InlineData(Priority.High, 15)]
    public async Task A_connection_refused_has_waits_of_its_own(Priority priority, int seconds)
    {
        await StartAsync();
        Cluster.Wire.OnConnect = _ => Refused;
        Assert.Equal(TimeSpan.FromSeconds(seconds), await WaitAfterAsync(await SubmitAsync("ann@example.com", priority), "connection"));
    }

    [Fact]
    public async Task A_greeting_of_421_and_names_that_do_not_resolve_have_waits_of_their_own()
    {
        await StartAsync();
        Cluster.Wire.OnConnect = _ => new SessionFailure(SmtpPhase.Greeting, SessionFailureKind.ConnectFailed, SmtpReply.Create(421, "4.3.2 Closing"), "refused");
        Assert.Equal(TimeSpan.FromMinutes(2), await WaitAfterAsync(await SubmitAsync("ann@example.com"), "remote-trouble"));
        Cluster.Wire.OnResolve = _ => new MxAnswer(MxStatus.TemporaryFailure, [], DateTimeOffset.MaxValue);
        Assert.Equal(TimeSpan.FromMinutes(2), await WaitAfterAsync(await SubmitAsync("bob@example.org"), "dns"));
    }

    [Fact]
    public async Task The_wait_that_a_remote_asks_for_is_kept_and_a_foolish_one_is_bounded()
    {
        await StartAsync();
        Say(451, "4.3.0 Please try again in 1000 seconds");
        var asked = await WaitAfterAsync(await SubmitAsync("ann@example.com"), "remote-trouble");
        Assert.InRange(asked, TimeSpan.FromSeconds(1000), TimeSpan.FromSeconds(1100));
        Say(451, "4.3.0 Please try again in 3 days");
        var foolish = await WaitAfterAsync(await SubmitAsync("bob@example.com"), "remote-trouble");
        Assert.InRange(foolish, TimeSpan.FromHours(4), TimeSpan.FromHours(4.4));
    }

    [Fact]
    public async Task What_one_message_taught_of_a_greylist_the_next_first_time_mail_uses()
    {
        await StartAsync();
        Say(450, "4.7.1 Greylisted");
        var first = await SubmitAsync("ann@example.com");
        Assert.Equal(TimeSpan.FromMinutes(5), await WaitAfterAsync(first, "greylisted"));
        // Somebody is in a hurry, and the site lets it pass: so it takes no more than that.
        Pass(TimeSpan.FromSeconds(100));
        Cluster.Wire.Answer = ScriptedWire.Accept;
        await Cluster.Grains.GetGrain<IMessageGrain>(first.Id.ToString()).ChangeAsync(new MessageChange { Action = MessageAction.RetryNow });
        Assert.Equal(MailState.Delivered, (await FinalAsync(first.Id)).State);
        Say(450, "4.7.1 Greylisted");
        var second = await WaitAfterAsync(await SubmitAsync("bob@example.com"), "greylisted");
        Assert.InRange(second, TimeSpan.FromSeconds(85), TimeSpan.FromSeconds(115));
        // Another site has taught nothing.
        Assert.Equal(TimeSpan.FromMinutes(5), await WaitAfterAsync(await SubmitAsync("bob@example.org"), "greylisted"));
    }

    [Fact]
    public async Task Configured_waits_take_the_place_of_the_built_in_ones()
    {
        await StartAsync(delivery =>
        {
            (delivery.Backoff, delivery.BackoffJitter) = ([TimeSpan.FromMinutes(7)], 0);
            delivery.BackoffByCategory["mailbox-full"] = [TimeSpan.FromHours(3)];
        });
        Say(452, "4.2.2 Mailbox full");
        Assert.Equal(TimeSpan.FromHours(3), await WaitAfterAsync(await SubmitAsync("ann@example.com"), "mailbox-full"));
        Say(451, "4.3.0 Local trouble");
        Assert.Equal(TimeSpan.FromMinutes(7), await WaitAfterAsync(await SubmitAsync("bob@example.com", Priority.High), "remote-trouble"));
    }
}
