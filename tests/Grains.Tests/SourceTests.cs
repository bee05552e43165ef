using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>From which address mail leaves.</summary>
public sealed class SourceTests : IAsyncDisposable
{
    readonly ConcurrentQueue<(string Host, string? Source)> _dialled = new();
    readonly MailCluster _cluster = new();

    public SourceTests() => _cluster.Wire.OnConnect = target =>
    {
        _dialled.Enqueue((target.Host, target.Source?.ToString()));
        return null;
    };

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Without_sources_the_machine_chooses()
    {
        await StartAsync([]);
        await SubmitAsync(3, i => $"r@d{i}.example.com");
        await SentAsync(3);
        Assert.All(_dialled, dial => Assert.Null(dial.Source));
    }

    [Fact]
    public async Task Sources_share_mail_by_weight()
    {
        await StartAsync(new() { ["a"] = new SourceOptions { Address = "127.0.0.1", Weight = 3 }, ["b"] = new SourceOptions { Address = "127.0.0.2" }, ["off"] = new SourceOptions { Address = "127.0.0.3", Weight = 0 } });
        await SubmitAsync(200, i => $"r@d{i}.example.com");
        await SentAsync(200);
        // 150 and 50 on average; one in millions of runs is further off than this.
        var byHost = _dialled.DistinctBy(dial => dial.Host).ToList();
        Assert.Equal(200, byHost.Count);
        Assert.InRange(byHost.Count(dial => dial.Source == "127.0.0.1"), 115, 185);
        Assert.Equal(200, byHost.Count(dial => dial.Source is "127.0.0.1" or "127.0.0.2"));
    }

    [Fact]
    public async Task A_greylisted_message_comes_again_from_the_same_source()
    {
        var seen = new ConcurrentDictionary<string, bool>();
        _cluster.Wire.Answer = transaction => seen.TryAdd(transaction.Recipients[0], true)
            ? ScriptedWire.Refuse(transaction, 450, "4.2.0 Greylisted, please try again later")
            : ScriptedWire.Accept(transaction);
        await StartAsync(new() { ["a"] = new SourceOptions { Address = "127.0.0.1" }, ["b"] = new SourceOptions { Address = "127.0.0.2" } });
        var requests = await SubmitAsync(40, i => $"r@d{i}.example.com");
        foreach (var request in requests) Assert.Equal(2, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).AttemptCount);
        var byHost = _dialled.GroupBy(dial => dial.Host).ToList();
        Assert.Equal(40, byHost.Count);
        Assert.All(byHost, host => Assert.Single(host.Select(dial => dial.Source).Distinct()));
        Assert.Equal(2, _dialled.Select(dial => dial.Source).Distinct().Count());
    }

    [Fact]
    public async Task A_cold_source_sends_little_at_first_and_the_others_take_over()
    {
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        await StartAsync(new()
        {
            ["cold"] = new SourceOptions { Address = "127.0.0.1", Weight = 1_000_000_000, WarmupFrom = today },
            ["warm"] = new SourceOptions { Address = "127.0.0.2" },
        });
        await SubmitAsync(40, i => $"r{i}@d{i % 2}.example.com");
        await SentAsync(40);
        // The choice would always fall on the cold one; alone it would take most of a day.
        Assert.Contains(_dialled, dial => dial.Source == "127.0.0.1");
        Assert.Contains(_dialled, dial => dial.Source == "127.0.0.2");
    }

    [Fact]
    public async Task A_cold_source_alone_spreads_its_day()
    {
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        await StartAsync(new() { ["cold"] = new SourceOptions { Address = "127.0.0.1", WarmupFrom = today } }, routing =>
        {
            routing.Relays["relay"] = new RelayOptions { Host = "127.0.0.9", Tls = TlsMode.None };
            routing.Rules.Add(new RouteRuleOptions { Route = "relay", Domain = "relayed.example.com" });
        });
        await SubmitAsync(30, i => $"r{i}@d{i % 2}.example.com");
        await SentAsync(1);
        // Mail that another way takes does not wait for the source.
        await SubmitAsync(30, i => $"r{i}@relayed.example.com");
        await SentAsync(31);
        Assert.Equal(31, _cluster.Wire.Received.Count);
    }

    Task<MailCluster> StartAsync(Dictionary<string, SourceOptions> sources, Action<RoutingOptions>? also = null) => _cluster.StartWithAsync(silo =>
    {
        silo.Services.PostConfigure<RoutingOptions>(routing =>
        {
            foreach (var (name, source) in sources) routing.Sources[name] = source;
            also?.Invoke(routing);
        });
    });

    Task<SubmitRequest[]> SubmitAsync(int count, Func<int, string> recipient) => _cluster.SubmitManyAsync(count, i => MailCluster.Request(recipient(i)));

    Task SentAsync(int count) => MailCluster.UntilAsync(() => _cluster.Wire.Received.Count >= count, $"{count} should have been sent");
}
