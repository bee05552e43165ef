using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Shaping;

public sealed class ReactionBookTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    static readonly ReactionRule Busy = new()
    {
        Id = "busy",
        Words = ["server busy"],
        Times = 3,
        Within = TimeSpan.FromHours(1),
        Effect = ReactionEffect.SlowDown("1/1m"),
        For = TimeSpan.FromMinutes(15),
    };

    static readonly ReactionRule VeryBusy = Busy with { Id = "very-busy", Times = 5, Effect = ReactionEffect.Suspension, For = TimeSpan.FromMinutes(30) };

    [Fact]
    public void Observe_SoOftenInItsTime_Fires()
    {
        var book = new ReactionBook("site", [Busy]);
        Assert.Empty(Observe(book, 0));
        Assert.Empty(Observe(book, 10));
        Assert.Empty(book.Observe(Categories.RemoteTrouble, "451 something else", Now));
        var reaction = Assert.Single(Observe(book, 59));

        Assert.Equal(("busy", Categories.RateLimited, 3, "451 Server Busy"), (reaction.RuleId, reaction.Cause, reaction.Count, reaction.LastReply));
        Assert.Equal((Now.AddMinutes(59), Now.AddMinutes(74)), (reaction.Since, reaction.Until));
        Assert.Equal("1/1m", book.EffectAt(Now.AddMinutes(60)).Rate!.ToString());
        Assert.Equal(ReactionEffect.None, book.EffectAt(Now.AddMinutes(74)));
    }

    [Fact]
    public void Observe_TooSpreadOut_DoesNotFire()
    {
        var book = new ReactionBook("site", [Busy]);
        Assert.All(Enumerable.Range(0, 100), i => Assert.Empty(Observe(book, i * 31)));
    }

    [Fact]
    public void Observe_AtTheEndOfItsTime_CountsNoMore()
    {
        var book = new ReactionBook("site", [Busy]);
        Assert.Empty(Observe(book, 0));
        Assert.Empty(Observe(book, 30));
        Assert.Empty(Observe(book, 60));
        Assert.Single(Observe(book, 61));
    }

    [Fact]
    public void Observe_UnderARuleThatBecameShorter_TakesNothingOffWhatIsAtWork()
    {
        var book = new ReactionBook("site", [Busy]);
        for (var i = 0; i < 3; i++) Observe(book, i);
        book.Use([Busy with { For = TimeSpan.FromMinutes(1) }]);
        Assert.Equal(Now.AddMinutes(17), Assert.Single(Observe(book, 3)).Until);
    }

    [Fact]
    public void Observe_WhileAtWork_MakesItLongerUnderItsId()
    {
        var book = new ReactionBook("site", [Busy]);
        for (var i = 0; i < 3; i++) Observe(book, i);
        var first = Assert.Single(book.Active(Now.AddMinutes(3)));
        var again = Assert.Single(Observe(book, 10));

        Assert.Equal((first.Id, first.Since, 4, Now.AddMinutes(25)), (again.Id, again.Since, again.Count, again.Until));
        Assert.Equal(Now.AddMinutes(25), book.NextExpiry(Now.AddMinutes(11)));
    }

    [Fact]
    public void EffectAt_SeveralAtWork_IsTheStrictestOfEach()
    {
        var book = new ReactionBook("site", [Busy, VeryBusy, Busy with { Id = "sessions", Times = 1, Effect = ReactionEffect.FewerSessions(1) }]);
        Observe(book, 0);
        Assert.Equal(ReactionEffect.FewerSessions(1), book.EffectAt(Now));
        for (var i = 0; i < 4; i++) Observe(book, i);

        Assert.Equal(new ReactionEffect { Suspend = true, MaxSessions = 1, Rate = RateLimit.Parse("1/1m") }, book.EffectAt(Now.AddMinutes(4)));
        Assert.Equal(Now.AddMinutes(33), book.SuspendedUntil(Now.AddMinutes(4)));
        Assert.Equal(["sessions", "busy", "very-busy"], book.Active(Now.AddMinutes(4)).Select(reaction => reaction.RuleId));
        Assert.True(book.EffectAt(Now.AddMinutes(20)).Suspend);
        Assert.Null(book.SuspendedUntil(Now.AddMinutes(33)));
    }

    [Fact]
    public void Revoke_OneAtWork_EndsItAndStartsItsCountAnew()
    {
        var book = new ReactionBook("site", [Busy]);
        for (var i = 0; i < 3; i++) Observe(book, i);
        var id = book.Active(Now.AddMinutes(2)).Single().Id;

        Assert.False(book.Revoke("other"));
        Assert.True(book.Revoke(id));
        Assert.False(book.Revoke(id));
        Assert.Equal(ReactionEffect.None, book.EffectAt(Now.AddMinutes(2)));
        Assert.Empty(Observe(book, 3));
        Assert.Empty(Observe(book, 4));
        Assert.NotEqual(id, Assert.Single(Observe(book, 5)).Id);
    }

    [Fact]
    public void Observe_ALongReply_KeepsItsStart()
    {
        var book = new ReactionBook("site", [Busy with { Times = 1 }]);
        var reaction = Assert.Single(book.Observe(Categories.RateLimited, "451 server busy " + new string('x', 5000), Now));
        Assert.Equal(ReactionBook.MaxReplyLength, reaction.LastReply.Length);
    }

    [Fact]
    public void Use_OtherRules_KeepsCountsOfThoseThatStay()
    {
        var book = new ReactionBook("site", [Busy, VeryBusy]);
        Observe(book, 0);
        Observe(book, 1);
        book.Use([Busy]);
        Assert.Single(Observe(book, 2));
        book.Use([]);
        Assert.Single(book.Active(Now.AddMinutes(2)));
        Assert.Empty(Observe(book, 3));
    }

    [Fact]
    public void Matches_ACategory_NeedsNoWords()
    {
        var rule = Busy with { Category = Categories.BlockedSource, Words = [] };
        Assert.True(rule.Matches(Categories.BlockedSource, ""));
        Assert.False(rule.Matches(Categories.RateLimited, "blocked"));
        Assert.False((Busy with { Category = Categories.BlockedSource }).Matches(Categories.BlockedSource, "other words"));
    }

    static IReadOnlyList<Reaction> Observe(ReactionBook book, int minute) => book.Observe(Categories.RateLimited, "451 Server Busy", Now.AddMinutes(minute));
}
