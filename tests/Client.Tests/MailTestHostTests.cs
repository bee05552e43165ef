using System.Diagnostics;
using Orleans.Mail.Client.Tests.Support;
using Orleans.Mail.Testing;

namespace Orleans.Mail.Client.Tests;

public sealed class MailTestHostTests : IAsyncLifetime
{
    MailTestHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await MailTestHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    Task<Submission> SubmitAsync(string to) => _host.Client.SubmitAsync(Given.Simple() with { To = [to] });

    [Fact]
    public async Task A_draft_arrives_as_it_was_written()
    {
        var submission = await SubmitAsync("ann@quick.test");

        var status = await submission.WaitAsync(Wait.Limit);

        Assert.Equal(MailState.Delivered, status.State);
        var message = Assert.Single(_host.Inbox("ann@quick.test"));
        Assert.Equal(("Order 1001", "Thank you."), (message.Subject, message.TextBody!.Trim()));
        Assert.Equal(["Accepted", "Attempting", "Delivered"], await submission.EventsAsync().Select(item => item.Type.Name).ToListAsync());
    }

    [Fact]
    public async Task Greylisting_twice_takes_three_attempts_and_hours_that_pass_at_once()
    {
        _host.Receiver("slow.test").Greylist(times: 2);
        var submission = await SubmitAsync("ann@slow.test");
        var real = Stopwatch.StartNew();

        Assert.True(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromHours(6)));

        var status = await submission.GetStatusAsync();
        Assert.Equal((MailState.Delivered, 3), (status.State, status.AttemptCount));
        Assert.True(status.FinalAt - status.AcceptedAt > TimeSpan.FromMinutes(1));
        Assert.True(real.Elapsed < TimeSpan.FromSeconds(30));
        Assert.Single(_host.Inbox("ann@slow.test"));
    }

    [Fact]
    public async Task A_mailbox_that_stays_full_ends_in_expiry_after_days()
    {
        _host.Receiver("full.test").Defer();
        var submission = await _host.Client.SubmitAsync(Given.Simple() with { To = ["ann@full.test"], ExpiresAfter = TimeSpan.FromDays(5) });

        Assert.False(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromDays(4)));
        Assert.Equal(MailState.Deferred, (await submission.GetStatusAsync()).State);
        Assert.True(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromDays(2)));

        var status = await submission.GetStatusAsync();
        Assert.Equal(MailState.Expired, status.State);
        // At the last attempt after which there is no time for another.
        Assert.InRange(status.FinalAt!.Value - status.AcceptedAt, TimeSpan.FromDays(5) - TimeSpan.FromHours(5), TimeSpan.FromDays(5) + TimeSpan.FromMinutes(1));
        Assert.Empty(_host.Inbox("ann@full.test"));
    }

    [Fact]
    public async Task A_refused_recipient_bounces_and_the_other_one_gets_it()
    {
        _host.Receiver("strict.test").Refuse();
        var submission = await _host.Client.SubmitAsync(Given.Simple() with { To = ["ann@strict.test", "bob@quick.test"] });

        Assert.True(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromMinutes(1)));

        var status = await submission.GetStatusAsync();
        Assert.Equal([MailState.Bounced, MailState.Delivered], status.Recipients.Select(recipient => recipient.State));
        Assert.Equal("550 5.1.1 No such mailbox", status.Recipients[0].LastReply!.ToString());
    }

    [Fact]
    public async Task A_deferred_message_can_be_cancelled()
    {
        _host.Receiver("full.test").Defer();
        var submission = await SubmitAsync("ann@full.test");
        Assert.False(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromMinutes(10)));

        Assert.Equal(CancelResult.Cancelled, await submission.CancelAsync("no longer wanted"));

        Assert.Equal(MailState.Cancelled, (await submission.GetStatusAsync()).State);
        Assert.True(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromDays(1)));
        Assert.Empty(_host.Inbox("ann@full.test"));
    }

    [Fact]
    public async Task A_key_is_good_for_one_content_also_days_later_and_after_a_restart()
    {
        var draft = Given.Simple() with { To = ["ann@quick.test"], IdempotencyKey = "order-1001" };
        var first = await _host.Client.SubmitAsync(draft);
        await first.WaitAsync(Wait.Limit);
        _host.Clock.Advance(TimeSpan.FromDays(2));
        await _host.RestartSiloAsync();

        var second = await _host.Client.SubmitAsync(draft);
        var conflict = await Assert.ThrowsAsync<MailException>(() => _host.Client.SubmitAsync(draft with { Text = "Other." }));

        Assert.Equal((first.Id, true), (second.Id, second.WasDuplicate));
        Assert.Equal(MailErrorCode.IdempotencyConflict, conflict.Code);
        Assert.Single(_host.Inbox("ann@quick.test"));
    }

    [Fact]
    public async Task A_message_outlives_the_silo_that_took_it()
    {
        _host.Receiver("slow.test").Greylist(times: 1);
        var submission = await SubmitAsync("ann@slow.test");
        Assert.False(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.Zero));

        await _host.RestartSiloAsync();

        Assert.True(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromHours(1)));
        Assert.Equal(MailState.Delivered, (await submission.GetStatusAsync()).State);
        Assert.Single(_host.Inbox("ann@slow.test"));
    }

    [Fact]
    public async Task A_scheduled_message_leaves_at_its_time()
    {
        var submission = await _host.Client.SubmitAsync(Given.Simple() with { To = ["ann@quick.test"], SendAt = _host.Clock.UtcNow.AddDays(1) });
        Assert.Equal(MailState.Scheduled, (await submission.GetStatusAsync()).State);

        Assert.False(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromHours(23)));
        Assert.True(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromHours(2)));

        Assert.Single(_host.Inbox("ann@quick.test"));
    }

    [Fact]
    public async Task A_lost_last_reply_is_told_and_means_a_second_copy()
    {
        _host.Receiver("flaky.test").LoseReply();
        var submission = await SubmitAsync("ann@flaky.test");

        Assert.True(await _host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromHours(1)));

        Assert.Equal(MailState.Delivered, (await submission.GetStatusAsync()).State);
        Assert.Contains("Uncertain", await submission.EventsAsync().Select(item => item.Type.Name).ToListAsync());
        var copies = _host.Inbox("ann@flaky.test");
        Assert.Equal(2, copies.Count);
        Assert.Equal(copies[0].MessageId, copies[1].MessageId);
    }
}
