using System.Diagnostics;
using Orleans.Mail.Client.Tests.Support;

namespace Orleans.Mail.Client.Tests;

public sealed class SubmissionTests : IClassFixture<ScriptedCluster>
{
    static readonly TimeSpan NoLimit = TimeSpan.FromMinutes(5);

    readonly ScriptedCluster _cluster;

    public SubmissionTests(ScriptedCluster cluster) => _cluster = cluster;

    MailClient Client => _cluster.Client;

    ScriptedSpool Spool => _cluster.Spool;

    [Fact]
    public async Task A_draft_becomes_a_message_that_can_be_found_again_by_its_id()
    {
        var submission = await Client.SubmitAsync(Given.Simple() with { Tenant = "shop" });

        var again = Client.Submission(MessageId.Parse(submission.Id.ToString()));
        var status = await again.GetStatusAsync();
        Assert.Equal(("shop", MailState.Accepted), (status.Tenant, status.State));
        Assert.Null(again.AcceptedAt);
        Assert.NotNull(submission.AcceptedAt);
    }

    [Fact]
    public async Task A_message_nobody_knows_has_no_status()
    {
        var id = MessageId.New(TimeProvider.System);

        Assert.Null(await Client.GetStatusAsync(id));
        Assert.Equal(MailErrorCode.NotFound, (await Assert.ThrowsAsync<MailException>(() => Client.Submission(id).GetStatusAsync())).Code);
        Assert.Equal(CancelResult.NotFound, await Client.CancelAsync(id, "test"));
    }

    [Fact]
    public async Task Waiting_ends_soon_after_the_message_is_final()
    {
        var submission = await Client.SubmitAsync(Given.Eml());
        var opened = Spool.Opened;
        var waiting = submission.WaitAsync(NoLimit);
        await Wait.UntilAsync(() => Spool.Opened > opened, "the open feed");
        Spool.Happen(submission.Id, EventType.Attempting);
        Spool.Put(submission.Id, MailState.Delivered);
        var clock = Stopwatch.StartNew();
        Spool.Happen(submission.Id, EventType.Delivered, "ann@example.test");

        Assert.Equal(MailState.Delivered, (await waiting.WaitAsync(Wait.Limit)).State);
        Assert.Same(waiting, await Task.WhenAny(waiting));
        Assert.True(clock.Elapsed < Wait.Limit);
    }

    [Fact]
    public async Task Waiting_for_a_final_message_returns_at_once()
    {
        var id = ScriptedCluster.IdIn(0);
        Spool.Put(id, MailState.Bounced);

        Assert.Equal(MailState.Bounced, (await Client.Submission(id).WaitAsync(NoLimit).WaitAsync(Wait.Limit)).State);
    }

    [Fact]
    public async Task Waiting_returns_the_newest_status_at_the_limit()
    {
        var submission = await Client.SubmitAsync(Given.Eml());
        Spool.Put(submission.Id, MailState.Deferred);

        var status = await submission.WaitAsync(TimeSpan.FromMilliseconds(300)).WaitAsync(Wait.Limit);

        Assert.Equal((MailState.Deferred, false), (status.State, status.IsFinal));
        Assert.Equal(MailState.Deferred, (await submission.WaitAsync(TimeSpan.Zero)).State);
    }

    [Fact]
    public async Task Waiting_can_be_cancelled()
    {
        var submission = await Client.SubmitAsync(Given.Eml());
        using var cancelled = new CancellationTokenSource();
        var waiting = submission.WaitAsync(NoLimit, cancelled.Token);
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Wait.Limit));
    }

    [Fact]
    public async Task Events_of_a_submission_end_with_the_last_fate()
    {
        var id = ScriptedCluster.IdIn(1);
        Spool.Put(id, MailState.Accepted, ["a@x.test", "b@x.test"]);
        Spool.Happen(id, EventType.Accepted);
        Spool.Happen(id, EventType.Attempting);
        Spool.Happen(id, EventType.Delivered, "a@x.test");
        Spool.Happen(id, EventType.Deferred, "b@x.test");
        Spool.Put(id, MailState.Mixed, ["a@x.test", "b@x.test"]);
        Spool.Happen(id, EventType.Bounced, "b@x.test");
        Spool.Happen(ScriptedCluster.IdIn(1), EventType.Accepted);

        using var limit = new CancellationTokenSource(Wait.Limit);
        var events = await Client.Submission(id).EventsAsync(limit.Token).Select(item => item.Type.Name).ToListAsync();

        Assert.Equal(["Accepted", "Attempting", "Delivered", "Deferred", "Bounced"], events);
    }

    [Fact]
    public async Task Cancelling_tells_what_came_of_it()
    {
        var submission = await Client.SubmitAsync(Given.Eml());

        Assert.Equal(CancelResult.Cancelled, await submission.CancelAsync("test"));
        Assert.Equal(CancelResult.AlreadyFinal, await submission.CancelAsync("test"));
    }

    [Fact]
    public async Task A_listing_merges_the_shards_newest_first()
    {
        var tenant = Guid.NewGuid().ToString();
        var ids = new List<MessageId>();
        for (var i = 0; i < 250; i++)
        {
            var id = MessageId.New(DateTimeOffset.UnixEpoch.AddDays(30_000).AddMinutes(i), Guid.NewGuid().ToByteArray());
            Spool.Put(id, MailState.Accepted, tenant: tenant);
            if (i % 2 == 0) ids.Insert(0, id);
            else Spool.Put(id, MailState.Accepted, tenant: "other");
        }

        Assert.Equal(ids, await Client.ListAsync(new ListQuery { Tenant = tenant }).Select(status => status.Id).ToListAsync());
        Assert.Equal(ids.Take(3), await Client.ListAsync(new ListQuery { Tenant = tenant }).Take(3).Select(status => status.Id).ToListAsync());
    }
}
