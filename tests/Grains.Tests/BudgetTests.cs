using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Limits that sites share.</summary>
public sealed class BudgetTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_tenants_rate_holds_over_two_sites()
    {
        await StartAsync(new() { ["acme"] = new TenantOptions { Rate = RateLimit.Parse("20/1s") } });
        var clock = Stopwatch.StartNew();
        await SubmitAsync(60, "acme", "one.example.com", "two.example.com");
        await SentAsync("acme", 60);
        // At once goes what comes due in one block time, 5; the other 55 at 20 a second. Each site for itself would need half of it.
        Assert.True(clock.Elapsed > TimeSpan.FromSeconds(2.5), $"60 messages at 20/s took {clock.Elapsed}");
    }

    [Fact]
    public async Task A_fresh_rate_gives_one_at_first_and_nobody_else_waits_for_it()
    {
        await StartAsync(new() { ["acme"] = new TenantOptions { Rate = RateLimit.Parse("10/1h, burst 50") } });
        await SubmitAsync(100, "acme", "one.example.com", "two.example.com");
        await SubmitAsync(100, "free", "one.example.com", "two.example.com");
        await SentAsync("free", 100);
        await SentAsync("acme", 1);
        Assert.Equal(1, Sent("acme"));
    }

    [Fact]
    public async Task A_campaigns_rate_leaves_the_tenants_other_mail_alone()
    {
        await StartAsync([], silo => silo.Services.PostConfigure<CampaignLimits>(limits => limits["acme/spring"] = new CampaignOptions { Rate = RateLimit.Parse("1/1h") }));
        await SubmitAsync(20, "acme", "one.example.com", "two.example.com", campaign: "spring");
        await SubmitAsync(20, "acme", "one.example.com", "two.example.com");
        await SentAsync("acme", 21);
        Assert.Equal(21, Sent("acme"));
    }

    [Fact]
    public async Task What_a_tenant_may_have_in_attempts_at_once_holds_over_two_sites()
    {
        var (now, most) = (0, 0);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.Wire.Before = async transaction =>
        {
            if (!IsFrom(transaction, "acme")) return;
            var current = Interlocked.Increment(ref now);
            for (var before = most; current > before; before = most) Interlocked.CompareExchange(ref most, current, before);
            await gate.Task;
            Interlocked.Decrement(ref now);
        };
        await StartAsync(new() { ["acme"] = new TenantOptions { MaxConcurrent = 3 } });
        await SubmitAsync(20, "acme", "one.example.com", "two.example.com");
        await MailCluster.UntilAsync(() => Volatile.Read(ref now) > 0, "nothing was sent");
        await SubmitAsync(40, "free", "one.example.com", "two.example.com");
        // Few of the others stand behind one that waits, in its session.
        await SentAsync("free", 40 - 3 * 3);
        var begun = (await _cluster.EventsAsync(new EventFilter { Tenant = "acme" })).Count(item => item.Type == EventType.Attempting);
        Assert.InRange(begun, 1, 3);
        gate.SetResult();
        await SentAsync("acme", 20);
        await SentAsync("free", 40);
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task A_days_quota_holds_over_a_crash()
    {
        await StartAsync(new() { ["acme"] = new TenantOptions { DailyQuota = 5 } });
        await SubmitAsync(20, "acme", "one.example.com", "two.example.com");
        await SentAsync("acme", 5);
        await _cluster.RestartAsync();
        await SubmitAsync(20, "acme", "one.example.com", "two.example.com");
        await SubmitAsync(20, "free", "one.example.com", "two.example.com");
        await SentAsync("free", 20);
        Assert.Equal(5, Sent("acme"));
    }

    [Fact]
    public async Task A_tenant_at_its_quota_leaves_a_full_queue_to_others()
    {
        await StartAsync(new() { ["acme"] = new TenantOptions { DailyQuota = 1 } }, silo => silo.Services.PostConfigure<SiteOptions>(options => options.MaxQueued = 40));
        await SubmitAsync(200, "acme", "one.example.com", "one.example.com");
        await SentAsync("acme", 1);
        await SubmitAsync(30, "free", "one.example.com", "one.example.com");
        await SentAsync("free", 30);
        Assert.Equal(1, Sent("acme"));
    }

    [Theory]
    [InlineData("1/1h", null, null, "tenant rate until ")]
    [InlineData(null, 1, null, "tenant quota until ")]
    [InlineData(null, null, 1, "tenant concurrency until ")]
    public async Task A_status_says_which_limit_a_message_waits_for(string? rate, int? quota, int? atOnce, string reason)
    {
        if (atOnce is not null) _cluster.Wire.Close();
        await StartAsync(new() { ["acme"] = new TenantOptions { Rate = rate is null ? null : RateLimit.Parse(rate), DailyQuota = quota, MaxConcurrent = atOnce } });
        var ids = await SubmitAsync(4, "acme", "one.example.com", "two.example.com");
        var last = Array.Empty<string?>();
        try
        {
            await MailCluster.UntilAsync(async () =>
            {
                var statuses = await Task.WhenAll(ids.Select(_cluster.StatusAsync));
                last = [.. statuses.Select(status => status!.WaitReason)];
                return last.Count(said => said?.StartsWith(reason, StringComparison.Ordinal) == true) == 3;
            }, "three messages should wait for the limit");
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Three should say '{reason}': {string.Join(" | ", last)}");
        }
    }

    [Fact]
    public async Task A_providers_sessions_are_limited_together_over_its_sites()
    {
        _cluster.Wire.Close();
        await StartAsync([]);
        await SubmitAsync(60, "free", "one.google.com", "two.google.com");
        await MailCluster.UntilAsync(() => _cluster.Wire.MostAtOnce == 5, "five sessions should have started");
        _cluster.Wire.Open();
        await SentAsync("free", 60);
        Assert.Equal(5, _cluster.Wire.MostAtOnce);
    }

    [Fact]
    public async Task A_faulty_limit_stops_the_start_and_is_named()
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(new() { ["acme"] = new TenantOptions { DailyQuota = 0 } }));
        Assert.Contains("OrleansMail:Tenants:acme:DailyQuota", failure.ToString(), StringComparison.Ordinal);
    }

    Task<MailCluster> StartAsync(Dictionary<string, TenantOptions> tenants, Action<ISiloBuilder>? also = null) => _cluster.StartWithAsync(silo =>
    {
        silo.Services.PostConfigure<TenantLimits>(limits =>
        {
            foreach (var (name, options) in tenants) limits[name] = options;
        });
        silo.Services.PostConfigure<DeliveryOptions>(options => options.SessionPrefetch = 1);
        also?.Invoke(silo);
    });

    async Task<MessageId[]> SubmitAsync(int count, string tenant, string one, string two, string? campaign = null)
    {
        var requests = await _cluster.SubmitManyAsync(count, i => MailCluster.Request($"{tenant}{i}@{(i % 2 == 0 ? one : two)}") with { Tenant = tenant, Campaign = campaign });
        return [.. requests.Select(request => request.Id)];
    }

    int Sent(string tenant) => _cluster.Wire.Received.Count(transaction => IsFrom(transaction, tenant));

    Task SentAsync(string tenant, int count) => MailCluster.UntilAsync(() => Sent(tenant) >= count, $"{count} of {tenant} should have been sent");

    static bool IsFrom(SmtpTransaction transaction, string tenant) => transaction.Recipients[0].StartsWith(tenant, StringComparison.Ordinal);
}
