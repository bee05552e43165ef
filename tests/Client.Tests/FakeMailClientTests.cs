using Orleans.Mail.Client.Tests.Support;
using Orleans.Mail.Testing;

namespace Orleans.Mail.Client.Tests;

public sealed class FakeMailClientTests
{
    readonly FakeMailClient _fake = new();

    [Fact]
    public async Task Without_a_rule_every_draft_is_delivered_and_recorded()
    {
        var submission = await _fake.SubmitAsync(Given.Simple());

        var status = await submission.WaitAsync(TimeSpan.Zero);
        Assert.Equal(MailState.Delivered, status.State);
        Assert.Equal(MailState.Delivered, Assert.Single(status.Recipients).State);
        Assert.Equal("Order 1001", Assert.Single(_fake.Submitted).Subject);
    }

    [Fact]
    public async Task A_rule_bounces_what_it_selects()
    {
        _fake.On(draft => draft.To.Contains("dead@x.test")).Bounce("5.1.1");

        var dead = await (await _fake.SubmitAsync(Given.Simple() with { To = ["dead@x.test"] })).GetStatusAsync();
        var living = await (await _fake.SubmitAsync(Given.Simple())).GetStatusAsync();

        Assert.Equal((MailState.Bounced, "550 5.1.1 No such mailbox"), (dead.State, dead.Recipients[0].LastReply!.ToString()));
        Assert.Equal(MailState.Delivered, living.State);
    }

    [Fact]
    public async Task Deferrals_show_as_attempts_and_events()
    {
        _fake.On(_ => true).Defer(times: 2).Deliver();

        var submission = await _fake.SubmitAsync(Given.Simple());

        Assert.Equal(3, (await submission.GetStatusAsync()).AttemptCount);
        Assert.Equal(
            ["Accepted", "Attempting", "Deferred", "Attempting", "Deferred", "Attempting", "Delivered"],
            await submission.EventsAsync().Select(item => item.Type.Name).ToListAsync());
    }

    [Fact]
    public async Task A_message_left_deferred_can_be_cancelled()
    {
        _fake.On(_ => true).Defer();
        var submission = await _fake.SubmitAsync(Given.Simple());
        Assert.Equal(MailState.Deferred, (await submission.WaitAsync(TimeSpan.Zero)).State);
        var waiting = submission.WaitAsync(TimeSpan.FromMinutes(5));

        Assert.Equal(CancelResult.Cancelled, await submission.CancelAsync("test"));

        Assert.Equal(MailState.Cancelled, (await waiting.WaitAsync(Wait.Limit)).State);
        Assert.Equal(CancelResult.AlreadyFinal, await submission.CancelAsync("test"));
        Assert.Equal(CancelResult.NotFound, await _fake.CancelAsync(MessageId.New(TimeProvider.System), "test"));
    }

    [Fact]
    public async Task A_key_names_one_message()
    {
        var draft = Given.Simple() with { IdempotencyKey = "k" };
        var first = await _fake.SubmitAsync(draft);
        var second = await _fake.SubmitAsync(draft);
        var conflict = await Assert.ThrowsAsync<MailException>(() => _fake.SubmitAsync(draft with { Subject = "Other" }));

        Assert.Equal((first.Id, true, false), (second.Id, second.WasDuplicate, first.WasDuplicate));
        Assert.Equal(MailErrorCode.IdempotencyConflict, conflict.Code);
        Assert.Single(_fake.Submitted);
    }

    [Fact]
    public async Task Bad_drafts_and_told_failures_throw_as_the_real_client_does()
    {
        _fake.On(draft => draft.Subject == "busy").Fail(MailErrorCode.Busy, isTransient: true);

        Assert.Equal(MailErrorCode.InvalidDraft, (await Assert.ThrowsAsync<MailException>(() => _fake.SubmitAsync(new MailDraft()))).Code);
        Assert.True((await Assert.ThrowsAsync<MailException>(() => _fake.SubmitAsync(Given.Simple() with { Subject = "busy" }))).IsTransient);
        Assert.Empty(_fake.Submitted);
    }

    [Fact]
    public async Task Waiting_for_a_draft_ends_when_it_comes()
    {
        var waiting = _fake.WaitForAsync(draft => draft.Subject == "wanted");
        await _fake.SubmitAsync(Given.Simple());
        Assert.False(waiting.IsCompleted);
        await _fake.SubmitAsync(Given.Simple() with { Subject = "wanted" });

        Assert.Equal("wanted", (await waiting).Subject);
        await Assert.ThrowsAsync<TimeoutException>(() => _fake.WaitForAsync(draft => draft.Subject == "never", TimeSpan.FromMilliseconds(10)));
    }

    [Fact]
    public async Task Events_resume_from_a_position_and_start_from_now_without_one()
    {
        await _fake.SubmitAsync(Given.Simple() with { Tenant = "a" });
        var first = await _fake.SubscribeToAllAsync(EventPosition.Start).FirstAsync();
        var rest = await _fake.SubscribeToAllAsync(EventPosition.Parse(first.Position.ToString())).Take(2).ToListAsync();
        var now = _fake.SubscribeToAllAsync().FirstAsync().AsTask();
        await _fake.SubmitAsync(Given.Simple() with { Tenant = "b" });

        Assert.Equal([EventType.Attempting, EventType.Delivered], rest.Select(item => item.Type));
        Assert.Equal("b", (await now).Tenant);
    }

    [Fact]
    public async Task Listing_selects_by_query()
    {
        await _fake.SubmitAsync(Given.Simple() with { Tenant = "a" });
        var b = await _fake.SubmitAsync(Given.Simple() with { Tenant = "b" });

        Assert.Equal([b.Id], await _fake.ListAsync(new ListQuery { Tenant = "b" }).Select(status => status.Id).ToListAsync());
    }
}
