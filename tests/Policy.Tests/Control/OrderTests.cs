using Orleans.Mail.Policy.Control;

namespace Orleans.Mail.Policy.Tests.Control;

public sealed class OrderTests
{
    static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    static StandingOrder Order(OrderScope scope, string id = "o", DateTimeOffset? until = null, OrderKind kind = OrderKind.Suspend) =>
        new() { Id = id, Kind = kind, Scope = scope, Reason = "why", Until = until, GivenAt = Now };

    static OrderBook Book(params StandingOrder[] orders) => new(new ControlSnapshot(1, orders));

    [Theory]
    [InlineData(null, null, null, true)]
    [InlineData("t", null, null, true)]
    [InlineData("t", "spring", null, true)]
    [InlineData("T", null, null, false)]
    [InlineData("t", "autumn", null, false)]
    [InlineData(null, "spring", null, true)]
    [InlineData(null, null, "MX.example.com", true)]
    [InlineData("u", null, "mx.example.com", false)]
    public void An_order_covers_what_fits_in_everything_it_names(string? tenant, string? campaign, string? site, bool expected)
    {
        var book = Book(Order(new OrderScope { Tenant = tenant, Campaign = campaign, Site = site }));
        Assert.Equal(expected, book.FindSuspension(new OrderTarget { Tenant = "t", Campaign = "spring", Site = "mx.example.com" }, Now) is not null);
    }

    [Fact]
    public void An_order_for_a_site_says_nothing_where_the_site_is_not_known()
    {
        var book = Book(Order(new OrderScope { Site = "mx.example.com" }), Order(new OrderScope { Relay = "r" }), Order(new OrderScope { Source = "s" }), Order(new OrderScope { Domain = "d" }));
        Assert.Null(book.FindSuspension(new OrderTarget { Tenant = "t" }, Now));
    }

    [Fact]
    public void Of_several_suspensions_the_longest_counts_and_those_over_do_not()
    {
        var scope = new OrderScope { Tenant = "t" };
        var target = new OrderTarget { Tenant = "t" };
        Assert.Null(Book(Order(scope, until: Now), Order(scope) with { RevokedAt = Now }).FindSuspension(target, Now));
        Assert.Equal("b", Book(Order(scope, "a", Now.AddHours(1)), Order(scope, "b", Now.AddHours(2)), Order(scope, "c", Now.AddHours(-1))).FindSuspension(target, Now)!.Id);
        Assert.Equal("n", Book(Order(scope, "a", Now.AddHours(1)), Order(scope, "n"), Order(scope, "b", Now.AddHours(2))).FindSuspension(target, Now)!.Id);
    }

    [Fact]
    public void Limits_are_no_suspensions_and_come_oldest_first()
    {
        var scope = new OrderScope { Site = "s" };
        var book = Book(Order(scope, "new", kind: OrderKind.Limit) with { GivenAt = Now }, Order(scope, "old", kind: OrderKind.Limit) with { GivenAt = Now.AddHours(-1) });
        Assert.Null(book.FindSuspension(new OrderTarget { Site = "s" }, Now));
        Assert.Equal(["old", "new"], book.Find(OrderKind.Limit, new OrderTarget { Site = "s" }, Now).Select(order => order.Id));
    }

    [Fact]
    public void A_good_order_is_taken_and_each_fault_is_named()
    {
        var good = Order(new OrderScope { Tenant = "t" }, "01-a_b.c");
        Assert.Null(OrderRules.Problem(good, Now));
        StandingOrder[] bad =
        [
            good with { Id = "" }, good with { Id = "a/b" }, good with { Id = new string('a', StandingOrder.MaxIdLength + 1) }, good with { Kind = (OrderKind)99 },
            good with { Until = Now }, good with { Reason = "" }, good with { Reason = "a\nb" }, good with { Scope = new OrderScope { Tenant = "" } },
            good with { Scope = new OrderScope { Site = new string('a', 257) } }, good with { Kind = OrderKind.Limit }, good with { Evidence = new string('a', 1025) },
            good with { Kind = OrderKind.Limit, Detail = new string('a', 8 * 1024 + 1) }, good with { By = "a\tb" },
        ];
        Assert.All(bad, order => Assert.NotNull(OrderRules.Problem(order, Now)));
    }

    [Fact]
    public void An_order_at_every_bound_is_taken()
    {
        var order = Order(new OrderScope { Site = new string('s', 256) }, new string('i', StandingOrder.MaxIdLength), Now.AddTicks(1)) with
        {
            Reason = new string('r', MessageChange.MaxReasonLength),
            By = new string('b', 256),
            Evidence = new string('e', 1024),
        };
        Assert.Null(OrderRules.Problem(order, Now));
        Assert.Null(OrderRules.Problem(order with { Kind = OrderKind.Reroute, Detail = new string('d', 8 * 1024) }, Now));
        Assert.NotNull(OrderRules.Problem(order with { Reason = new string('r', MessageChange.MaxReasonLength + 1) }, Now));
        Assert.NotNull(OrderRules.Problem(order with { By = new string('b', 257) }, Now));
    }

    [Fact]
    public void An_order_for_a_place_covers_that_place_alone()
    {
        var target = new OrderTarget { Tenant = "t", Site = "mx.example.com", Relay = "r", Domain = "example.com", Source = "s" };
        OrderScope[] fitting = [new() { Relay = "r" }, new() { Domain = "Example.COM" }, new() { Source = "s" }, new() { Relay = "r", Source = "s", Tenant = "t" }];
        OrderScope[] others = [new() { Relay = "R" }, new() { Domain = "sub.example.com" }, new() { Source = "t" }, new() { Relay = "r", Source = "t" }];
        Assert.All(fitting, scope => Assert.True(OrderBook.Covers(scope, target)));
        Assert.All(others, scope => Assert.False(OrderBook.Covers(scope, target)));
    }

    [Fact]
    public void Bounces_of_one_kind_leave_the_count_of_the_other_and_an_entry_ends_at_its_time()
    {
        var thresholds = new SuppressionThresholds(HardBounces: 2, OtherBounces: 2, TimeSpan.FromDays(90));
        SuppressionRecord Bounce(SuppressionRecord? known, bool isHard) => SuppressionPolicy.Bounced(known, "a@b.example", "t", "why", isHard, thresholds, Now);

        var both = Bounce(Bounce(null, isHard: true), isHard: false);
        Assert.Equal((1, 1, false), (both.HardBounces, both.OtherBounces, both.IsSuppressed));
        var listed = Bounce(both, isHard: true);
        Assert.Equal((2, 1, true, "Bounced: why."), (listed.HardBounces, listed.OtherBounces, listed.IsSuppressed, listed.Reason));
        Assert.True(listed.IsInForceAt(Now.AddDays(90).AddTicks(-1)));
        Assert.False(listed.IsInForceAt(Now.AddDays(90)));
        Assert.False(listed.IsSpentAt(Now.AddDays(90).AddTicks(-1)));
        Assert.True(listed.IsSpentAt(Now.AddDays(90)));
    }

    [Fact]
    public void Hard_bounces_count_apart_from_others_and_an_address_on_the_list_stays_as_it_is()
    {
        var thresholds = new SuppressionThresholds(HardBounces: 1, OtherBounces: 3, TimeSpan.FromDays(90));
        SuppressionRecord Bounce(SuppressionRecord? known, bool isHard, DateTimeOffset at) => SuppressionPolicy.Bounced(known, "a@b.example", "t", "why", isHard, thresholds, at);

        var hard = Bounce(null, isHard: true, Now);
        Assert.True(hard.IsInForceAt(Now));
        Assert.Equal((true, Now.AddDays(90)), (hard.IsAutomatic, hard.Until));
        Assert.Same(hard, Bounce(hard, isHard: true, Now.AddDays(1)));

        var soft = Bounce(Bounce(null, isHard: false, Now), isHard: false, Now);
        Assert.False(soft.IsInForceAt(Now));
        Assert.True(Bounce(soft, isHard: false, Now).IsInForceAt(Now));
        // Counts that nothing added to for so long begin anew.
        Assert.Equal(1, Bounce(soft, isHard: false, Now.AddDays(91)).OtherBounces);
    }
}
