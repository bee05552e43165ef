using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Tests;

/// <summary>What a message in a queue is told that it waits for, where a limit keeps the whole queue.</summary>
public sealed class HoldTests : ClockedTests
{
    [Fact]
    public async Task The_sites_rate_with_the_turn_that_it_leaves()
    {
        await StartAsync(also: silo => Limit(silo, new SiteLimitsOverride { Rate = RateLimit.Parse("1/10m") }));
        var ids = await SubmitManyAsync(4, "example.com");
        await MailCluster.UntilAsync(() => Cluster.Wire.Received.Count == 1, "one should have been sent");
        for (var waiting = 1; waiting <= 3; waiting++)
        {
            var turn = Start.AddMinutes(10 * waiting);
            var status = await AnyAsync(ids, status => status.WaitReason == $"site mx.example.com: rate 1/10m until {turn:HH:mm}");
            Assert.Equal(turn, status.EarliestAttemptAt);
            Assert.InRange(status.LatestAttemptAt!.Value, turn, turn.AddMinutes(10 * waiting));
        }
    }

    [Fact]
    public async Task The_rate_of_new_connections()
    {
        await StartAsync(also: silo => Limit(silo, new SiteLimitsOverride { ConnectionRate = RateLimit.Parse("1/1h"), MessagesPerConnection = 1 }));
        var ids = await SubmitManyAsync(3, "example.com");
        await MailCluster.UntilAsync(() => Cluster.Wire.Received.Count == 1, "one should have been sent");
        var status = await AnyAsync(ids, status => status.WaitReason == "site mx.example.com: connection rate 1/1h until 07:00");
        Assert.Equal(Start.AddHours(1), status.EarliestAttemptAt);
    }

    [Fact]
    public async Task The_pace_that_the_site_taught_us()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 450, "4.7.0 Too many messages, slow down");
        await TriedAsync((await SubmitAsync("first@example.com")).Id, 1);
        var status = await AnyAsync(await SubmitManyAsync(3, "example.com"), status => status.WaitReason?.StartsWith("site mx.example.com: pace learned from its answers until 06:0", StringComparison.Ordinal) == true);
        Assert.InRange(status.EarliestAttemptAt!.Value, Start, Start.AddMinutes(10));
    }

    [Theory]
    [InlineData("1/1h", null, "source a: rate until 07:00")]
    [InlineData(null, "2026-07-06", "source a: warm-up until ")]
    public async Task The_source_addresss_rate_and_its_warm_up(string? rate, string? warmupFrom, string reason)
    {
        await StartAsync(also: silo => silo.Services.PostConfigure<RoutingOptions>(routing => routing.Sources["a"] = new SourceOptions
        {
            Address = "127.0.0.2",
            Rate = rate is null ? null : RateLimit.Parse(rate),
            WarmupFrom = warmupFrom is null ? null : DateOnly.Parse(warmupFrom, System.Globalization.CultureInfo.InvariantCulture),
        }));
        var ids = await SubmitManyAsync(6, "example.com");
        var status = await AnyAsync(ids, status => status.WaitReason?.StartsWith(reason, StringComparison.Ordinal) == true);
        Assert.InRange(status.EarliestAttemptAt!.Value, Now, Start.AddDays(1));
        Assert.True(status.LatestAttemptAt >= status.EarliestAttemptAt);
        await MailCluster.UntilAsync(() => !Cluster.Wire.Received.IsEmpty, "what the source may send should have been sent");
        Assert.True(Cluster.Wire.Received.Count < 6, "all were sent");
    }

    [Fact]
    public async Task The_sessions_of_the_site_and_of_its_provider()
    {
        Cluster.Wire.Close();
        await StartAsync(delivery => delivery.SessionPrefetch = 1);
        var own = await SubmitManyAsync(30, "example.com");
        var status = await AnyAsync(own, status => status.WaitReason is { } reason && reason.StartsWith("position 1 of ", StringComparison.Ordinal) && reason.EndsWith("; site mx.example.com: 5 sessions in use", StringComparison.Ordinal));
        Assert.Equal(Now, status.EarliestAttemptAt);
        var one = await SubmitManyAsync(30, "one.google.com");
        var two = await SubmitManyAsync(30, "two.google.com");
        var provider = KnownProviders.Shapes.Single(shape => shape.Name == "google");
        await AnyAsync([.. one, .. two], status => status.WaitReason?.EndsWith($"; provider google: {provider.MaxSessions} sessions in use", StringComparison.Ordinal) == true);
    }

    static void Limit(ISiloBuilder silo, SiteLimitsOverride limits)
    {
        silo.Services.PostConfigure<ShapingOptions>(shaping => shaping.Sites["mx.example.com"] = limits);
        silo.Services.PostConfigure<DeliveryOptions>(options => options.SessionPrefetch = 1);
        OneSession(silo);
    }

    async Task<MessageId[]> SubmitManyAsync(int count, string domain) =>
        [.. (await Cluster.SubmitManyAsync(count, i => MailCluster.Request($"r{i}@{domain}"))).Select(request => request.Id)];

    async Task<MessageStatus> AnyAsync(MessageId[] ids, Func<MessageStatus, bool> isMet)
    {
        MessageStatus?[] last = [];
        try
        {
            await MailCluster.UntilAsync(async () => (last = await Task.WhenAll(ids.Select(Cluster.StatusAsync))).Any(status => isMet(status!)), "none is as expected");
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"None is as expected: {string.Join(" | ", last.Select(status => status!.WaitReason ?? $"{status.State}").Distinct())}", exception);
        }

        return last.First(status => isMet(status!))!;
    }
}
