using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Limits that are raised or lifted while mail waits for them outside memory, each message with a time of its own that is far away.</summary>
public sealed class RaisedLimitTests : IAsyncDisposable
{
    const int Count = 12;

    readonly MailCluster _cluster = new();
    readonly ChangingConfiguration _settings = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Theory]
    [InlineData("OrleansMail:Tenants:acme:DailyQuota", "1", "100", "tenant quota")]
    [InlineData("OrleansMail:Tenants:acme:DailyQuota", "1", null, "tenant quota")]
    [InlineData("OrleansMail:Tenants:acme:Rate", "1/1h", "100/1s", "tenant rate")]
    [InlineData("OrleansMail:Tenants:acme:Rate", "1/1h", null, "tenant rate")]
    [InlineData("OrleansMail:Campaigns:acme/spring:Rate", "1/1h", "100/1s", "campaign rate")]
    [InlineData("OrleansMail:Shaping:Domains:one.example.com:Rate", "1/1h", "100/1s", "domain one.example.com: rate")]
    [InlineData("OrleansMail:Shaping:Domains:one.example.com:Rate", "1/1h", null, "domain one.example.com: rate")]
    public async Task What_was_sent_away_comes_back_at_once(string key, string before, string? after, string reason)
    {
        await StartAsync((key, before));
        await WaitingAsync(await SubmitAsync(), reason);
        if (after is null) _settings.Change(values => values.Remove(key));
        else _settings.Change(values => values[key] = after);
        await SentAsync(Count);
    }

    [Fact]
    public async Task As_much_comes_back_as_the_new_quota_lets_go_and_the_rest_stays()
    {
        const string Key = "OrleansMail:Tenants:acme:DailyQuota";
        await StartAsync((Key, "1"));
        var ids = await SubmitAsync();
        await WaitingAsync(ids, "tenant quota");
        _settings.Change(values => values[Key] = "5");
        await SentAsync(5);
        await WaitingAsync(ids, "tenant quota", Count - 5);
        Assert.Equal(5, _cluster.Wire.Received.Count);
        _settings.Change(values => values[Key] = "100");
        await SentAsync(Count);
    }

    [Fact]
    public async Task A_silo_that_starts_with_a_higher_quota_calls_back_what_waits()
    {
        const string Key = "OrleansMail:Tenants:acme:DailyQuota";
        await StartAsync((Key, "1"));
        await WaitingAsync(await SubmitAsync(), "tenant quota");
        _settings.Values.Remove(Key);
        await _cluster.RestartAsync();
        await SentAsync(Count);
    }

    [Fact]
    public async Task A_source_that_is_given_more_sends_what_waited_for_it()
    {
        const string Key = "OrleansMail:Routing:Sources:a:Rate";
        await StartAsync(("OrleansMail:Routing:Sources:a:Address", "127.0.0.2"), (Key, "1/1h"));
        var ids = await SubmitAsync();
        await SentAsync(1);
        // Asked about, each answers: nothing is on its way.
        foreach (var id in ids) await _cluster.StatusAsync(id);
        Assert.Single(_cluster.Wire.Received);
        _settings.Change(values => values[Key] = "100/1s");
        await SentAsync(Count);
    }

    [Fact]
    public async Task An_ordered_limit_that_is_revoked_lets_go_what_it_sent_away()
    {
        await StartAsync();
        await _cluster.StandAsync(new StandingOrder { Id = "o1", Kind = OrderKind.Limit, Scope = new OrderScope { Tenant = "acme" }, Reason = "A complaint.", Detail = """{"dailyQuota":1}""" });
        await WaitingAsync(await SubmitAsync(), "tenant quota");
        Assert.True(await _cluster.Grains.GetGrain<IControlGrain>(0).RevokeAsync("o1"));
        await SentAsync(Count);
    }

    Task<MailCluster> StartAsync(params (string Key, string Value)[] settings)
    {
        foreach (var (key, value) in settings) _settings.Values[key] = value;
        return _cluster.StartWithAsync(silo =>
        {
            ((IConfigurationBuilder)silo.Configuration).Add(_settings);
            silo.Services.PostConfigure<DeliveryOptions>(options => options.SessionPrefetch = 1);
        });
    }

    async Task<MessageId[]> SubmitAsync() =>
        [.. (await _cluster.SubmitManyAsync(Count, i => MailCluster.Request($"r{i}@one.example.com") with { Tenant = "acme", Campaign = "spring" })).Select(request => request.Id)];

    Task SentAsync(int count) => MailCluster.UntilAsync(() => _cluster.Wire.Received.Count >= count, $"{count} should have been sent");

    // Outside memory, for a limit: far beyond the patience of a test.
    async Task WaitingAsync(MessageId[] ids, string reason, int count = Count - 1) => await MailCluster.UntilAsync(async () =>
    {
        var waiting = (await Task.WhenAll(ids.Select(_cluster.StatusAsync))).Where(status => status!.WaitReason?.StartsWith(reason, StringComparison.Ordinal) == true).ToList();
        return waiting.Count == count && waiting.TrueForAll(status => status!.NextAttemptAt > DateTimeOffset.UtcNow.AddMinutes(2));
    }, $"{count} should wait for their {reason}");
}
