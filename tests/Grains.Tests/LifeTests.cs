using System.Text;

namespace Orleans.Mail.Grains.Tests;

/// <summary>What ends a message, or brings it back.</summary>
public sealed class LifeTests : IAsyncLifetime
{
    MailCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await MailCluster.StartAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_deferred_message_can_be_cancelled_once()
    {
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 452, "4.2.2 Mailbox full");
        await _cluster.RestartAsync(options => options.Backoff = [TimeSpan.FromHours(1)]);
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        var deferred = await _cluster.StatusAsync(request.Id, status => status.State == MailState.Deferred);
        Assert.Equal("mailbox-full", deferred.Recipients[0].Category);
        Assert.NotNull(deferred.NextAttemptAt);
        var message = _cluster.Grains.GetGrain<IMessageGrain>(request.Id.ToString());
        Assert.Equal(CancelResult.Cancelled, await message.CancelAsync("test"));
        Assert.Equal(CancelResult.AlreadyFinal, await message.CancelAsync("test"));
        Assert.Equal(MailState.Cancelled, (await message.GetStatusAsync())!.State);
    }

    [Fact]
    public async Task A_message_that_stays_deferred_expires()
    {
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 452, "4.2.2 Mailbox full");
        var request = MailCluster.Request("ann@example.com") with { ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(3) };
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Expired, status.State);
        Assert.True(status.AttemptCount >= 2, $"tried {status.AttemptCount} times");
    }

    [Fact]
    public async Task A_scheduled_message_waits_for_its_time()
    {
        var sendAt = DateTimeOffset.UtcNow.AddSeconds(2);
        var request = MailCluster.Request("ann@example.com") with { SendAt = sendAt };
        await _cluster.SubmitAsync(request);
        Assert.Equal(MailState.Scheduled, (await _cluster.StatusAsync(request.Id))!.State);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.True(status.Attempts[0].StartedAt >= sendAt);
    }

    [Fact]
    public async Task Doubt_policy_stop_ends_as_uncertain_without_a_second_try()
    {
        _cluster.Wire.Answer = ScriptedWire.LoseReply;
        var request = MailCluster.Request("ann@example.com") with { Doubt = DoubtPolicy.Stop };
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Uncertain, status.State);
        Assert.Single(_cluster.Wire.Received);
    }

    [Fact]
    public async Task Recipients_of_one_message_have_fates_of_their_own()
    {
        _cluster.Wire.Answer = transaction => ScriptedWire.Accept(transaction) with
        {
            RecipientReplies = [.. transaction.Recipients.Select(recipient => recipient.StartsWith("bad", StringComparison.Ordinal) ? SmtpReply.Create(550, "5.1.1 No such user") : SmtpReply.Create(250, "2.1.5 Ok"))],
        };
        var request = MailCluster.Request("ann@example.com") with { Recipients = ["ann@example.com", "bad@example.com", "bob@example.org"] };
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Mixed, status.State);
        Assert.Equal([MailState.Delivered, MailState.Bounced, MailState.Delivered], status.Recipients.Select(recipient => recipient.State));
        Assert.Equal(2, _cluster.Wire.Received.Count);
    }

    [Fact]
    public async Task A_message_whose_attempt_died_with_its_silo_is_delivered_by_the_next()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.Wire.Hold = reached;
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(20));
        _cluster.Wire.Hold = null;
        await _cluster.RestartAsync();
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Delivered, status.State);
        Assert.Equal(2, status.AttemptCount);
        Assert.Equal("own-fault", status.Attempts[0].Outcomes[0].Category);
    }

    [Fact]
    public async Task A_bad_submission_lists_every_fault_and_stores_nothing()
    {
        var request = MailCluster.Request("not an address") with { Content = Encoding.ASCII.GetBytes("Subject: a\r\n\r\nbare\nline feed\r\n") };
        var result = await _cluster.SubmitAsync(request);
        Assert.Equal(MailErrorCode.InvalidDraft, result.Code);
        Assert.Equal(2, result.Faults.Length);
        Assert.Null(await _cluster.StatusAsync(request.Id));
    }

    [Fact]
    public async Task A_site_that_cannot_be_reached_defers_its_mail()
    {
        var isDown = true;
        _cluster.Wire.OnConnect = target => isDown ? new Transport.SessionFailure(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, "refused") : null;
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        var deferred = await _cluster.StatusAsync(request.Id, status => status.State == MailState.Deferred);
        Assert.Equal("connection", deferred.Recipients[0].Category);
        isDown = false;
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
    }
}
