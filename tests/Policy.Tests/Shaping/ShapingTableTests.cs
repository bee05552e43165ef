using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Shaping;

public sealed class ShapingTableTests
{
    [Theory]
    [InlineData("aspmx.l.google.com", "google", 5, 50)]
    [InlineData("ALT1.GMAIL-SMTP-IN.L.GOOGLE.COM.", "google", 5, 50)]
    [InlineData("mta5.am0.yahoodns.net", "yahoo", 20, 20)]
    [InlineData("contoso-com.mail.protection.outlook.com", "microsoft365", 5, 50)]
    [InlineData("hotmail-com.olc.protection.outlook.com", "outlook", 5, 50)]
    [InlineData("mx.notgoogle.com", null, 20, 100)]
    [InlineData("localhost", null, 20, 100)]
    public void Resolve_AMailHost_KnowsItsProvider(string host, string? provider, int sessions, int messages)
    {
        var limits = ShapingTable.Default.Resolve("site", [host]);

        Assert.Equal((provider, sessions, messages), (limits.Provider, limits.MaxSessions, limits.MessagesPerConnection));
    }

    [Fact]
    public void Resolve_AProvidersOwnCount_IsForAllItsSites()
    {
        Assert.Equal(5, ShapingTable.Default.Resolve("site", ["mx.google.com"]).ProviderMaxSessions);
        Assert.Null(ShapingTable.Default.Resolve("site", ["eu.mimecast.com"]).ProviderMaxSessions);
        Assert.Equal(RouteTls.Required, ShapingTable.Default.Resolve("site", ["mx.google.com"]).Tls);
    }

    [Fact]
    public void Resolve_Overrides_LieOverEachOtherInOrder()
    {
        var table = new ShapingTable(new ShapingData
        {
            ByProvider = Of("google", new() { MaxSessions = 8, MessagesPerConnection = 8, RecipientsPerTransaction = 8, MaxLifetime = TimeSpan.FromDays(8) }),
            BySite = Of("Site", new() { MessagesPerConnection = 9, RecipientsPerTransaction = 9, MaxLifetime = TimeSpan.FromDays(9) }),
            ByDomain = Of("A.test", new() { RecipientsPerTransaction = 10, MaxLifetime = TimeSpan.FromDays(10) }),
            ByTenant = Of("t", new() { MaxLifetime = TimeSpan.FromDays(11) }),
        });

        var all = table.Resolve("site", ["mx.google.com"], "a.test", "t");
        var some = table.Resolve("site", ["mx.google.com"]);

        Assert.Equal((8, 9, 10, 11), (all.MaxSessions, all.MessagesPerConnection, all.RecipientsPerTransaction, all.MaxLifetime!.Value.Days));
        Assert.Equal((8, 9, 9, 9), (some.MaxSessions, some.MessagesPerConnection, some.RecipientsPerTransaction, some.MaxLifetime!.Value.Days));
        Assert.True(table.HasLifetimes);
        Assert.False(ShapingTable.Default.HasLifetimes);
        Assert.Equal(SiteLimits.Default, table.Resolve("other", ["mx.other.test"], "b.test", "T"));
    }

    [Fact]
    public void Resolve_ALowerMaximum_LowersTheStart() =>
        Assert.Equal((2, 2), ShapingTable.Default.Resolve("s", ["smtp.orange.fr"]) is var limits ? (limits.MaxSessions, limits.InitialSessions) : default);

    [Fact]
    public void RulesFor_AProvider_AreItsOwnAndThoseForAll()
    {
        Assert.All(ShapingTable.Default.RulesFor("google"), rule => Assert.True(rule.Provider is null or "google"));
        Assert.Equal(3, ShapingTable.Default.RulesFor("google").Length);
        Assert.All(ShapingTable.Default.RulesFor(null), rule => Assert.Null(rule.Provider));
    }

    [Fact]
    public void Validate_TheBuiltInData_FindsNothing() => Assert.Empty(ShapingTable.Validate(new ShapingData()));

    [Fact]
    public void Validate_AnythingWrong_IsAllSaid()
    {
        var none = new SiteLimitsOverride();
        var data = new ShapingData
        {
            Default = new SiteLimits { InitialSessions = 30 },
            Providers =
            [
                new("one", ["mx.test", ".dot.test"], none),
                new("one", ["mx.test"], new() { MaxSessions = 0, Tls = (RouteTls)9 }, MaxSessions: 0),
                new("empty", [], none),
            ],
            ByProvider = Of("gmail", none),
            BySite = Of("s", new() { ConnectionIdle = TimeSpan.FromDays(2) }),
            ByDomain = Of("a.test", new() { MaxSessions = 1, RecipientsPerTransaction = 1 }),
            ByTenant = Of("t", new() { Rate = RateLimit.Parse("1/1s"), GreylistRetry = TimeSpan.FromMinutes(1) }),
            Rules = [Rule("a"), Rule("a"), Rule("b") with { Provider = "gmail" }, Rule("c") with { Category = "no-such" }, Rule("d") with { Words = [] },
                Rule("e") with { Words = ["x"] }, Rule("f") with { Times = 0 }, Rule("g") with { For = TimeSpan.Zero }, Rule("h") with { Effect = ReactionEffect.None }],
        };

        var faults = ShapingTable.Validate(data);

        Assert.Equal(20, faults.Count);
        foreach (var part in new[] { "Provider one is there twice", ".dot.test", "belongs to both", "no mail host suffix", "gmail, which is not", "Limits of site s", "Limits of domain a.test: MaxSessions", "Limits of tenant t: Rate", "Default limits",
            "Rule a is there twice", "no-such", "Rule d names neither", "Rule e has a word", "counts to 0", "Rule g", "Rule h has no effect" })
            Assert.Contains(faults, fault => fault.Contains(part, StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => new ShapingTable(data));
    }

    static ReactionRule Rule(string id) => new() { Id = id, Words = ["words"], Effect = ReactionEffect.Suspension, For = TimeSpan.FromHours(1) };

    static Dictionary<string, SiteLimitsOverride> Of(string key, SiteLimitsOverride value) => new() { [key] = value };
}
