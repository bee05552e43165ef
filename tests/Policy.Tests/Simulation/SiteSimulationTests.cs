using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Simulation;

namespace Orleans.Mail.Policy.Tests.Simulation;

public sealed class SiteSimulationTests
{
    static readonly ReceiverModel OneSecond = new() { Latency = TimeSpan.FromSeconds(1), ConnectTime = TimeSpan.Zero };
    static readonly SimulatedPolicy OneSession = new() { Limits = new() { MaxSessions = 1, MessagesPerConnection = 1000 } };

    [Fact]
    public void One_session_takes_the_sum_of_its_dialogues()
    {
        var report = Run(new() { Mail = [new() { Count = 100 }], Receiver = OneSecond, Policy = OneSession });

        Assert.Equal(TimeSpan.FromSeconds(100), report.FinishedAfter);
        Assert.Equal((100, 100, 0, 0), (report.Delivered, report.Attempts, report.Deferred, report.Waiting));
        Assert.Equal((TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(99), TimeSpan.FromSeconds(100)), (report.Rows[0].P50, report.Rows[0].P99, report.Rows[0].Longest));
    }

    [Fact]
    public void A_proposed_rate_sets_the_pace()
    {
        var report = Run(new() { Mail = [new() { Count = 101 }], Receiver = OneSecond, Policy = new() { Limits = new() { Rate = RateLimit.Parse("1/10s") } } });
        Assert.Equal(1001, report.FinishedAfter!.Value.TotalSeconds, 3);
    }

    [Fact]
    public void Greylisted_mail_is_delivered_by_its_second_attempt()
    {
        var report = Run(new()
        {
            Mail = [new() { Count = 50 }],
            Receiver = OneSecond with { Greylist = TimeSpan.FromMinutes(4) },
            Policy = new() { Backoff = [TimeSpan.FromMinutes(10)] },
        });

        Assert.Equal((50, 100, 50), (report.Delivered, report.Attempts, report.Deferred));
        Assert.InRange(report.Rows[0].P50!.Value.TotalMinutes, 9, 12);
    }

    [Fact]
    public void Shares_of_failures_are_kept_and_some_are_for_ever()
    {
        var report = Run(new()
        {
            Mail = [new() { Count = 10_000 }],
            Receiver = new() { Answers = [new() { Share = 0.1, Category = Categories.InvalidRecipient, Permanent = true }, new() { Share = 0.2, Category = Categories.RemoteTrouble }] },
        });

        Assert.Equal(10_000, report.Delivered + report.Failed);
        // Each attempt fails for ever with 0.1 and is delivered with 0.72.
        Assert.InRange(report.Failed, 1_150, 1_290);
        Assert.InRange(report.Attempts, 12_000, 12_400);
    }

    [Fact]
    public void Connections_above_the_sites_limit_cost_no_attempt()
    {
        var report = Run(new() { Mail = [new() { Count = 20_000 }], Receiver = new() { MaxConnections = 5, Latency = TimeSpan.FromMilliseconds(20) } });

        Assert.Equal((20_000, 0), (report.Attempts, report.Deferred));
        Assert.InRange(report.RefusedConnections, 1, 400);
        // 20,000 messages × 20 ms over 5 connections, and 200 connections of 100 ms.
        Assert.InRange(report.FinishedAfter!.Value.TotalSeconds, 80, 95);
    }

    [Fact]
    public void Held_mail_is_delivered_soon_after_an_outage_and_backoff_alone_is_later()
    {
        var scenario = new Scenario
        {
            Mail = [new() { Count = 10_000 }],
            Receiver = new() { Rate = RateLimit.Parse("50/1s, burst 10"), Latency = TimeSpan.FromMilliseconds(30), Outages = [new(TimeSpan.Zero, TimeSpan.FromHours(1))] },
        };

        var held = Run(scenario);
        var alone = Run(scenario with { Policy = new() { HoldWhileDown = false, LearnRate = false } });

        Assert.True(held.TooFast <= 100, $"{held.TooFast} refused");
        // A probe at most ten minutes after, and 1.2 times the ideal 200 seconds.
        Assert.InRange(held.FinishedAfter!.Value.TotalMinutes, 60, 60 + 10 + 4);
        Assert.True(alone.FinishedAfter > held.FinishedAfter * 1.5, $"{alone.FinishedAfter} and {held.FinishedAfter}");
        Assert.True(alone.TooFast > 10 * held.TooFast);
    }

    [Fact]
    public void High_passes_a_backlog_and_a_tenants_rate_holds_only_its_own()
    {
        var report = Run(new()
        {
            Mail =
            [
                new() { Tenant = "big", Priority = Priority.Bulk, Count = 20_000 },
                new() { Tenant = "slow", Priority = Priority.Bulk, Count = 100 },
                new() { Tenant = "shop", Priority = Priority.High, Count = 60, Over = TimeSpan.FromMinutes(1) },
            ],
            Policy = new() { TenantRates = new Dictionary<string, RateLimit> { ["slow"] = RateLimit.Parse("1/1m") } },
        });

        Assert.Equal(["shop", "big", "slow"], report.Rows.Select(row => row.Tenant));
        Assert.True(report.Rows[0].P99 < TimeSpan.FromMilliseconds(500), $"{report.Rows[0].P99}");
        Assert.True(report.Rows[1].Longest < TimeSpan.FromMinutes(3));
        Assert.InRange(report.Rows[2].Longest!.Value.TotalMinutes, 99, 100);
    }

    [Fact]
    public void A_rule_suspends_and_says_so()
    {
        var report = Run(new()
        {
            Mail = [new() { Count = 100 }],
            Receiver = OneSecond with { Answers = [new() { Share = 0.5, Category = Categories.RemoteTrouble, Reply = "451 [TSS04] deferred" }] },
            Policy = new() { Provider = "yahoo" },
        });

        Assert.Contains(report.Reactions, reaction => reaction.RuleId == "yahoo.tss04");
        Assert.True(report.FinishedAfter > TimeSpan.FromHours(2));
    }

    [Fact]
    public void A_site_that_never_comes_back_lets_mail_expire()
    {
        var report = Run(new()
        {
            Mail = [new() { Count = 100, Priority = Priority.High }, new() { Count = 10 }],
            Receiver = new() { Outages = [new(TimeSpan.Zero, TimeSpan.FromDays(30))] },
            Until = TimeSpan.FromDays(4),
        });

        Assert.Equal((100, 10, 0), (report.Expired, report.Waiting, report.Delivered));
        Assert.Null(report.FinishedAfter);
        Assert.True(report.FailedConnections > 500);
    }

    [Fact]
    public void Recorded_answers_take_the_place_of_the_receivers()
    {
        var report = Run(new()
        {
            Mail = [new() { Count = 3, Answers = [new() { Category = Categories.MailboxFull }, new() { Category = Categories.MailboxFull }, new()] }],
            Policy = new() { Backoff = [TimeSpan.FromMinutes(1)] },
        });

        Assert.Equal((3, 9), (report.Delivered, report.Attempts));
        Assert.InRange(report.FinishedAfter!.Value.TotalMinutes, 1.8, 2.5);
    }

    [Fact]
    public void Same_chance_same_report()
    {
        var scenario = new Scenario
        {
            Mail = [new() { Count = 100_000 }],
            Receiver = new() { Latency = TimeSpan.FromMilliseconds(5), Answers = [new() { Share = 0.05, Category = Categories.RemoteTrouble }] },
        };

        Assert.Equal(Summary(scenario, 1), Summary(scenario, 1));
        Assert.NotEqual(Summary(scenario, 1), Summary(scenario, 2));
    }

    [Fact]
    public void Whatever_is_wrong_is_all_said()
    {
        var faults = new Scenario
        {
            Mail = [new() { Count = 0 }],
            Until = TimeSpan.Zero,
            Receiver = new() { Latency = TimeSpan.Zero, MaxConnections = 0, Outages = [new(TimeSpan.Zero, TimeSpan.Zero)], Answers = [new() { Share = 2, Category = "odd" }] },
            Policy = new() { Provider = "nobody", Backoff = [TimeSpan.Zero], Limits = new() { MaxSessions = 0 } },
        }.Faults();

        Assert.Equal(10, faults.Count);
        Assert.Throws<ArgumentException>(() => Run(new Scenario()));
    }

    static SimulationReport Run(Scenario scenario, int seed = 1) => SiteSimulation.Run(scenario, new Random(seed).NextDouble);

    static (TimeSpan?, int, TimeSpan?) Summary(Scenario scenario, int seed) => Run(scenario, seed) is var report ? (report.FinishedAfter, report.Attempts, report.Rows[0].P99) : default;
}
