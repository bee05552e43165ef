namespace Orleans.Mail.Ledger.Tests;

public sealed class FaultDiceTests
{
    [Fact]
    public void The_same_seed_draws_the_same_and_another_seed_does_not()
    {
        static bool[] Draws(int seed)
        {
            var dice = new FaultDice(new FaultShares { Rcpt4xx = 0.5 }, seed);
            return [.. Enumerable.Range(0, 64).Select(i => dice.RefusesNow($"r{i % 16}@x.test"))];
        }

        Assert.Equal(Draws(1), Draws(1));
        Assert.NotEqual(Draws(1), Draws(2));
    }

    [Fact]
    public void Shares_hold_over_many_draws()
    {
        var dice = new FaultDice(FaultShares.Parse("rcpt4xx=0.05,drop-after-dot=0.01"), 7);
        var refused = Enumerable.Range(0, 100_000).Count(i => dice.RefusesNow($"r{i}@x.test"));
        var dropped = Enumerable.Range(0, 100_000).Count(i => dice.DropsAfterDot($"m-{i}"));

        Assert.InRange(refused, 4_500, 5_500);
        Assert.InRange(dropped, 800, 1_200);
        Assert.False(dice.IsSlow("m"));
    }

    [Fact]
    public void An_unknown_mailbox_stays_unknown_and_a_busy_one_recovers()
    {
        var dice = new FaultDice(new FaultShares { Rcpt5xx = 0.5, Rcpt4xx = 0.5 }, 3);
        Assert.Single(Enumerable.Range(0, 20).Select(_ => dice.RefusesForGood("a@x.test")).Distinct());
        Assert.Equal(2, Enumerable.Range(0, 64).Select(_ => dice.RefusesNow("a@x.test")).Distinct().Count());
    }

    [Theory]
    [InlineData("rcpt4xx")]
    [InlineData("rcpt4xx=2")]
    [InlineData("rcpt4xx=-1")]
    [InlineData("nonsense=0.1")]
    public void A_script_that_says_nothing_sensible_is_refused(string script) =>
        Assert.Throws<FormatException>(() => FaultShares.Parse(script));
}
