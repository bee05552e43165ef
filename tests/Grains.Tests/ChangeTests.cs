using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Changes after acceptance, against attempts and against each other.</summary>
public sealed class ChangeTests : IAsyncLifetime
{
    MailCluster _cluster = null!;

    // Nothing comes due by itself while a test looks.
    public async ValueTask InitializeAsync() => _cluster = await MailCluster.StartAsync(options => options.Backoff = [TimeSpan.FromHours(1)]);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    // A call that meets a grain on its way out of memory is turned away undone, and made again as clients do.
    async Task<ChangeAnswer> ChangeAsync(MessageId id, MessageChange change)
    {
        while (true)
        {
            try
            {
                return await _cluster.Grains.GetGrain<IMessageGrain>(id.ToString()).ChangeAsync(change);
            }
            catch (OrleansMessageRejectionException)
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    async Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change)
    {
        var total = new SetResult();
        do total += await _cluster.Grains.GetGrain<IMailServiceGrain>(0).ApplyAsync(selection, change, total.Continuation);
        while (total.Continuation is not null);
        return total;
    }

    async Task<MessageId> DeferredAsync(string recipient = "ann@example.com", string? campaign = null)
    {
        var request = MailCluster.Request(recipient) with { Campaign = campaign };
        await _cluster.SubmitAsync(request);
        await _cluster.StatusAsync(request.Id, status => status.State == MailState.Deferred);
        return request.Id;
    }

    void Defer() => _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.2.1 Later");

    [Fact]
    public async Task A_hundred_retries_at_once_make_one_attempt()
    {
        Defer();
        var id = await DeferredAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ChangeAsync(id, new MessageChange { Action = MessageAction.RetryNow })));
        Assert.All(answers, answer => Assert.True(answer.Result is ChangeResult.Changed or ChangeResult.TooLate));
        // The last retries may have come after the second attempt had ended; each of those was asked for by itself. With an hour to wait, no more are to come.
        var status = await _cluster.StatusAsync(id, status => status is { AttemptCount: >= 2, State.Name: "Deferred" } && status.NextAttemptAt > TimeProvider.System.GetUtcNow().AddMinutes(10));
        Assert.Equal(status.AttemptCount, _cluster.Wire.Received.Count);
        Assert.Equal(1, _cluster.Wire.MostAtOnce);
    }

    [Fact]
    public async Task Cancelling_and_sending_at_once_do_one_of_the_two()
    {
        var requests = Enumerable.Range(0, 60).Select(number => MailCluster.Request($"a{number}@example.com")).ToList();
        var results = await Task.WhenAll(requests.Select(async request =>
        {
            await _cluster.SubmitAsync(request);
            return await ChangeAsync(request.Id, new MessageChange { Action = MessageAction.Cancel, Reason = "Wrong price." });
        }));
        for (var i = 0; i < requests.Count; i++)
        {
            var status = await _cluster.StatusAsync(requests[i].Id, status => status.IsFinal);
            var wasSent = _cluster.Wire.Received.Any(transaction => transaction.Recipients.Contains(requests[i].Recipients[0]));
            Assert.Equal(results[i].Result is ChangeResult.Changed, status.State == MailState.Cancelled);
            Assert.Equal(status.State == MailState.Delivered, wasSent);
            if (status.State == MailState.Cancelled) Assert.Equal("Wrong price.", status.Reason);
            var events = await _cluster.EventsAsync(new EventFilter { MessageId = requests[i].Id });
            Assert.Single(events, item => item.Type == EventType.Cancelled || item.Type == EventType.Delivered);
        }
    }

    [Fact]
    public async Task What_an_attempt_reads_changes_too_late_and_the_rest_in_time()
    {
        _cluster.Wire.Close();
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        await _cluster.StatusAsync(request.Id, status => status.State == MailState.Delivering);
        foreach (var change in new MessageChange[] { new() { Action = MessageAction.Cancel }, new() { Action = MessageAction.Fail }, new() { SendAt = DateTimeOffset.UtcNow.AddHours(1) }, new() { Route = "mx" }, new() { Action = MessageAction.RetryNow } })
            Assert.Equal(ChangeResult.TooLate, (await ChangeAsync(request.Id, change)).Result);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(request.Id, new MessageChange { Priority = Priority.High, ExpiresAt = DateTimeOffset.UtcNow.AddDays(9) })).Result);
        _cluster.Wire.Open();
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal((MailState.Delivered, Priority.High), (status.State, status.Priority));
        Assert.Equal(ChangeResult.AlreadyFinal, (await ChangeAsync(request.Id, new MessageChange { Action = MessageAction.RetryNow })).Result);
        Assert.Equal(ChangeResult.NotFound, (await ChangeAsync(MessageId.New(TimeProvider.System), new MessageChange { Action = MessageAction.RetryNow })).Result);
    }

    [Fact]
    public async Task A_suspended_message_is_not_tried_even_after_a_restart_and_goes_on_when_resumed()
    {
        var request = MailCluster.Request("ann@example.com") with { SendAt = DateTimeOffset.UtcNow.AddSeconds(2) };
        await _cluster.SubmitAsync(request);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(request.Id, new MessageChange { Action = MessageAction.Suspend, Reason = "Checking." })).Result);
        await _cluster.RestartAsync();
        await MailCluster.UntilAsync(() => DateTimeOffset.UtcNow > request.SendAt, "Time stands still.");
        Assert.Equal("Suspended: Checking.", (await _cluster.StatusAsync(request.Id))!.WaitReason);
        Assert.Empty(_cluster.Wire.Received);
        await ChangeAsync(request.Id, new MessageChange { Action = MessageAction.Resume });
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
    }

    [Fact]
    public async Task A_suspended_message_expires_in_its_time_with_one_last_event()
    {
        var request = MailCluster.Request("ann@example.com") with { SendAt = DateTimeOffset.UtcNow.AddSeconds(1), ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(3) };
        await _cluster.SubmitAsync(request);
        await ChangeAsync(request.Id, new MessageChange { Action = MessageAction.Suspend });
        await MailCluster.UntilAsync(() => DateTimeOffset.UtcNow > request.ExpiresAt, "Time stands still.");
        // Whoever asks first at that moment ends it: expiry, not the one who asks.
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ChangeAsync(request.Id, new MessageChange { Action = MessageAction.Fail })));
        Assert.All(answers, answer => Assert.Equal(ChangeResult.AlreadyFinal, answer.Result));
        var events = await _cluster.EventsAsync(new EventFilter { MessageId = request.Id });
        Assert.Equal(EventType.Expired, Assert.Single(events, item => item.Type == EventType.Expired || item.Type == EventType.Bounced).Type);
        Assert.Empty(_cluster.Wire.Received);
    }

    [Fact]
    public async Task A_set_is_changed_as_a_whole_and_others_are_left_alone()
    {
        Defer();
        var spring = new List<MessageId>();
        for (var i = 0; i < 12; i++) spring.Add(await DeferredAsync($"a{i}@example.com", "spring"));
        var autumn = await DeferredAsync("b@example.com", "autumn");
        var fail = new MessageChange { Action = MessageAction.Fail, Reason = "Recalled." };
        var result = await ApplyAsync(new MessageSelection { Campaign = "spring" }, fail);
        Assert.Equal((12, 12, 0, 0), (result.Matched, result.Changed, result.TooLate, result.Refused));
        foreach (var id in spring) Assert.Equal((MailState.Bounced, "Recalled."), ((await _cluster.StatusAsync(id))!.State, (await _cluster.StatusAsync(id))!.Reason));
        Assert.Equal(MailState.Deferred, (await _cluster.StatusAsync(autumn))!.State);
        Assert.Equal(0, (await ApplyAsync(new MessageSelection { Campaign = "spring" }, fail)).Matched);
    }

    [Fact]
    public async Task Retrying_a_set_delivers_it_once_each()
    {
        Defer();
        var ids = new List<MessageId>();
        for (var i = 0; i < 12; i++) ids.Add(await DeferredAsync($"a{i}@example.com"));
        _cluster.Wire.Answer = ScriptedWire.Accept;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ApplyAsync(new MessageSelection { State = MailState.Deferred }, new MessageChange { Action = MessageAction.RetryNow })));
        foreach (var id in ids) Assert.Equal((MailState.Delivered, 2), ((await _cluster.StatusAsync(id, status => status.IsFinal)).State, (await _cluster.StatusAsync(id))!.AttemptCount));
    }

    [Fact]
    public async Task What_was_refused_for_one_reason_is_held_and_released_and_the_rest_goes_on()
    {
        _cluster.Wire.Answer = transaction => transaction.Recipients[0].StartsWith("full", StringComparison.Ordinal)
            ? ScriptedWire.Refuse(transaction, 452, "4.2.2 Mailbox full")
            : ScriptedWire.Refuse(transaction, 451, "4.7.1 Greylisted, try again later");
        var (full, grey) = (await DeferredAsync("full@example.com"), await DeferredAsync("grey@example.com"));
        var greylisted = new MessageSelection { Category = Categories.Greylisted };
        var all = new MessageSelection();
        var retry = new MessageChange { Action = MessageAction.RetryNow };

        Assert.Equal((1, 1), await CountsAsync(greylisted, new MessageChange { Action = MessageAction.Suspend, Reason = "They asked." }));
        _cluster.Wire.Answer = ScriptedWire.Accept;
        await ApplyAsync(all, retry);
        await _cluster.StatusAsync(full, status => status.State == MailState.Delivered);
        var held = await _cluster.StatusAsync(grey);
        Assert.Equal((MailState.Deferred, "They asked.", 1), (held!.State, held.Reason, held.AttemptCount));

        Assert.Equal((1, 1), await CountsAsync(greylisted, new MessageChange { Action = MessageAction.Resume }));
        await ApplyAsync(all, retry);
        await _cluster.StatusAsync(grey, status => status.State == MailState.Delivered);
    }

    async Task<(long Matched, long Changed)> CountsAsync(MessageSelection selection, MessageChange change)
    {
        var result = await ApplyAsync(selection, change);
        return (result.Matched, result.Changed);
    }
}
