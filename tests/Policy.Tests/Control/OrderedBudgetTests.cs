using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Control;

public sealed class OrderedBudgetTests
{
    static readonly OrderScope Tenant = new() { Tenant = "Acme" };
    static readonly OrderScope Campaign = new() { Tenant = "Acme", Campaign = "Spring" };
    static readonly OrderScope Domain = new() { Domain = "Example.COM" };

    [Fact]
    public void KeyOf_AScope_IsThatOfTheBudgetThatTheConfigurationLimits()
    {
        Assert.Equal("tenant:acme", OrderedBudget.KeyOf(Tenant));
        Assert.Equal("campaign:acme/spring", OrderedBudget.KeyOf(Campaign));
        Assert.Equal("domain:example.com", OrderedBudget.KeyOf(Domain));
        Assert.Null(OrderedBudget.KeyOf(new OrderScope()));
        Assert.Null(OrderedBudget.KeyOf(new OrderScope { Site = "s" }));
        Assert.Null(OrderedBudget.KeyOf(Tenant with { Site = "s" }));
        Assert.Null(OrderedBudget.KeyOf(Tenant with { Domain = "d" }));
    }

    [Fact]
    public void Read_WhatAnOrderMayLimit_IsThere()
    {
        Assert.Equal((new BudgetLimit(RateLimit.Parse("10/1m, burst 3"), 100, 5), null), OrderedBudget.Read(Tenant, """{"rate":"10/1m, burst 3","dailyQuota":100,"maxConcurrent":5}"""));
        Assert.Equal((new BudgetLimit(RateLimit.Parse("10/1m"), null, null), null), OrderedBudget.Read(Campaign, """{"rate":"10/1m"}"""));
        Assert.Equal((new BudgetLimit(RateLimit.Parse("10/1m"), null, null), null), OrderedBudget.Read(Domain, """{"rate":"10/1m"}"""));
    }

    [Theory]
    [InlineData("Acme", null, null, null, "with at least one of rate, dailyQuota, maxConcurrent")]
    [InlineData("Acme", null, null, "{}", "with at least one of rate, dailyQuota, maxConcurrent")]
    [InlineData("Acme", null, null, """{"maxSessions":2}""", "with at least one of rate, dailyQuota, maxConcurrent")]
    [InlineData("Acme", null, null, """{"dailyQuota":0}""", "greater than zero")]
    [InlineData("Acme", null, null, """{"rate":"often"}""", "A rate is written as")]
    [InlineData("Acme", "spring", null, """{"dailyQuota":5}""", "with rate.")]
    [InlineData(null, null, "example.com", """{"maxConcurrent":5}""", "with rate.")]
    [InlineData(null, "spring", null, """{"rate":"1/1m"}""", "A campaign is one of a tenant")]
    [InlineData("Acme", null, "example.com", """{"rate":"1/1m"}""", "name one of these alone")]
    public void Problem_OfALimitThatCouldHaveNoEffect_IsSaid(string? tenant, string? campaign, string? domain, string? detail, string problem)
    {
        var order = new StandingOrder { Id = "o", Kind = OrderKind.Limit, Scope = new OrderScope { Tenant = tenant, Campaign = campaign, Domain = domain }, Reason = "why", Detail = detail ?? "null" };
        Assert.Contains(problem, OrderRules.Problem(order, DateTimeOffset.UnixEpoch), StringComparison.Ordinal);
    }

    [Fact]
    public void Over_AnotherLimit_KeepsWhatItDoesNotSay() =>
        Assert.Equal(new BudgetLimit(RateLimit.Parse("1/1s"), 7, 3), new BudgetLimit(RateLimit.Parse("1/1s"), null, 3).Over(new BudgetLimit(RateLimit.Parse("9/1s"), 7, 9)));

    [Fact]
    public void WaitName_OfALongKey_FitsTheIndexAndIsItsOwn()
    {
        var one = BudgetKeys.WaitName(BudgetKeys.OfSender(new string('t', 64), new string('c', 128) + "1"));
        var other = BudgetKeys.WaitName(BudgetKeys.OfSender(new string('t', 64), new string('c', 128) + "2"));
        Assert.InRange(one.Length, 1, 200);
        Assert.NotEqual(one, other);
        Assert.True(BudgetKeys.IsWait(one));
        Assert.Equal("limit:tenant:acme", BudgetKeys.WaitName("tenant:acme"));
        Assert.False(BudgetKeys.IsWait("mx.example.com"));
        Assert.False(BudgetKeys.IsWait(null));
    }

    [Theory]
    [InlineData("mx", false, null, "example.com", "example.com")]
    [InlineData("mx", true, null, "example.com", "example.com")]
    [InlineData("out", false, "out", null, "pool:out")]
    [InlineData("out", true, "out", "example.com", "example.com pool:out")]
    public void Destination_SaysItsPoolAndItsDomain(string route, bool isApart, string? pool, string? domain, string text)
    {
        var destination = Destination.Of(route, "example.com", isApart);
        Assert.Equal((text, pool, domain), (destination, Destination.PoolOf(destination), Destination.DomainOf(destination)));
    }
}
