using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Control;

public sealed class OrderedLimitsTests
{
    [Fact]
    public void Read_WhatAnOrderMayLimit_IsThere()
    {
        var (limits, problem) = OrderedLimits.Read("""{"rate":"10/1m","connectionRate":"1/1s","maxSessions":2,"messagesPerConnection":3,"maxConnectionAge":"00:01:00","connectionIdle":"00:00:02","probeAfter":"00:05:00"}""");
        Assert.Null(problem);
        Assert.Equal(new SiteLimitsOverride
        {
            Rate = RateLimit.Parse("10/1m"),
            ConnectionRate = RateLimit.Parse("1/1s"),
            MaxSessions = 2,
            MessagesPerConnection = 3,
            MaxConnectionAge = TimeSpan.FromMinutes(1),
            ConnectionIdle = TimeSpan.FromSeconds(2),
            ProbeAfter = TimeSpan.FromMinutes(5),
        }, limits);
    }

    [Fact]
    public void Write_WhatARuleLimits_IsReadAgain() =>
        Assert.Equal(new SiteLimitsOverride { Rate = RateLimit.Parse("1/1m"), MaxSessions = 1 }, OrderedLimits.Read(OrderedLimits.Write(RateLimit.Parse("1/1m"), 1)).Limits);

    [Theory]
    [InlineData(null, "JSON such as")]
    [InlineData("null", "JSON such as")]
    [InlineData("[1]", "JSON such as")]
    [InlineData("{}", "at least one of rate")]
    [InlineData("""{"rate":"often"}""", "A rate is written as")]
    [InlineData("""{"maxSessions":"two"}""", "maxSessions is not one of")]
    [InlineData("""{"maxSessions":-1}""", "MaxSessions is -1")]
    [InlineData("""{"connectionIdle":"48:00:00"}""", "JSON such as")]
    [InlineData("""{"connectionIdle":"2.00:00:00"}""", "ConnectionIdle is 2.00:00:00")]
    public void Read_AnythingElse_IsSaid(string? detail, string problem)
    {
        var (limits, found) = OrderedLimits.Read(detail);
        Assert.Null(limits);
        Assert.Contains(problem, found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t", null, null, false)]
    [InlineData(null, "example.com", null, false)]
    [InlineData(null, null, "mx.example.com", true)]
    [InlineData(null, null, null, true)]
    public void Problem_OfALimit_WhereItWouldHoldForNobody(string? tenant, string? domain, string? site, bool isTaken)
    {
        var order = new StandingOrder { Id = "o", Kind = OrderKind.Limit, Scope = new OrderScope { Tenant = tenant, Domain = domain, Site = site }, Reason = "why", Detail = """{"maxSessions":1}""" };
        Assert.Equal(isTaken, OrderRules.Problem(order, DateTimeOffset.UnixEpoch) is null);
    }

    [Fact]
    public void Of_two_orders_the_first_counts_and_of_rules_the_stricter()
    {
        var slow = new SiteLimitsOverride { Rate = RateLimit.Parse("1/1m"), MaxSessions = 3 };
        var fast = new SiteLimitsOverride { Rate = RateLimit.Parse("9/1s"), MaxSessions = 2, MessagesPerConnection = 7 };
        Assert.Equal(fast, fast.Before(slow));
        Assert.Equal(slow with { MessagesPerConnection = 7 }, slow.Before(fast));
        Assert.Equal(slow with { MessagesPerConnection = 7, MaxSessions = 2 }, fast.Stricter(slow));
        Assert.Equal(slow with { MessagesPerConnection = 7, MaxSessions = 2 }, slow.Stricter(fast));
        Assert.Equal(slow, slow.Stricter(new SiteLimitsOverride()));
    }
}
