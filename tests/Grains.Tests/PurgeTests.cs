using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>An operator ends whole sets of messages while these are delivered, and while they expire.</summary>
public sealed class PurgeTests : IAsyncLifetime
{
    const int Count = 240;

    static readonly EventType[] Ends = [EventType.Delivered, EventType.Bounced, EventType.Expired, EventType.Cancelled, EventType.Suppressed];

    readonly MailCluster _cluster = new();

    public async ValueTask InitializeAsync() => await _cluster
        .With<SpoolOptions>(options => (options.SweepInterval, options.SweepGrace) = (TimeSpan.FromMilliseconds(200), TimeSpan.Zero))
        .StartWithAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Cancelling_and_failing_sets_beside_deliveries_and_expiries_gives_each_message_one_end_and_counts_that_add_up()
    {
        _cluster.Wire.Close();
        var moment = DateTimeOffset.UtcNow.AddSeconds(3);
        // One third expires in that moment, one third has no other hurry, one third waits for a later time.
        var requests = await _cluster.SubmitManyAsync(Count, i => MailCluster.Request($"r{i}@d{i % 7}.example.com") with
        {
            Campaign = i % 2 == 0 ? "spring" : "autumn",
            ExpiresAt = i % 3 == 0 ? moment : null,
            SendAt = i % 3 == 2 ? moment.AddHours(1) : null,
        });
        await MailCluster.UntilAsync(() => DateTimeOffset.UtcNow >= moment.AddMilliseconds(-50), "Time stands still.");
        _cluster.Wire.Open();
        var cancelling = ApplyAsync("spring", MessageAction.Cancel);
        var failing = ApplyAsync("autumn", MessageAction.Fail);
        var again = ApplyAsync("spring", MessageAction.Fail);
        var results = await Task.WhenAll(cancelling, failing, again);

        var ends = new Dictionary<MessageId, DeliveryEvent>();
        foreach (var request in requests) await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        foreach (var item in (await _cluster.EventsAsync()).Where(item => Ends.Contains(item.Type))) Assert.True(ends.TryAdd(item.MessageId, item), $"{item.MessageId} ended twice, as {item.Type} the second time.");
        Assert.Equal(Count, ends.Count);
        Assert.All(results, result => Assert.Equal(result.Matched, result.Changed + result.TooLate + result.Refused));
        // An answer that says changed is an end of that kind, and there are no others.
        Assert.Equal(results[0].Changed, ends.Values.Count(item => item.Type == EventType.Cancelled));
        Assert.Equal(results[1].Changed + results[2].Changed, ends.Values.Count(item => item.Type == EventType.Bounced));
        Assert.Equal(ends.Values.Count(item => item.Type == EventType.Delivered), _cluster.Wire.Received.Count);
        Assert.True(results.Sum(result => result.Changed) >= Count / 4, $"Only {results.Sum(result => result.Changed)} were ended, so that nothing raced.");
        var statuses = await Task.WhenAll(requests.Select(request => _cluster.StatusAsync(request.Id)));
        Assert.All(statuses, status => Assert.Equal(ends[status!.Id].Type.Name, status.State.Name));
        Assert.Equal(0, (await ApplyAsync("spring", MessageAction.Cancel)).Matched + (await ApplyAsync("autumn", MessageAction.Cancel)).Matched);
    }

    async Task<SetResult> ApplyAsync(string campaign, MessageAction action)
    {
        var total = new SetResult();
        do total += await _cluster.Grains.GetGrain<IMailServiceGrain>(0).ApplyAsync(new MessageSelection { Campaign = campaign }, new MessageChange { Action = action, Reason = "Wrong list." }, total.Continuation);
        while (total.Continuation is not null);
        return total;
    }
}
