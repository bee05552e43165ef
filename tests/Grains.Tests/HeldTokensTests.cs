using Orleans.Mail.Grains.Budgets;

namespace Orleans.Mail.Grains.Tests;

/// <summary>What a site holds of a shared limit.</summary>
public sealed class HeldTokensTests
{
    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly BudgetGrant UsedUp = new(0, Noon.AddHours(1), TimeSpan.FromHours(1));

    readonly HeldTokens _tokens = new(TimeSpan.FromSeconds(1));

    [Fact]
    public void Nothing_is_asked_before_the_time_that_an_answer_names()
    {
        _tokens.Asking();
        _tokens.Answered(UsedUp, Noon);
        Assert.Equal(0, _tokens.Want(5, Noon.AddMinutes(59)));
        Assert.Equal(1, _tokens.Want(5, Noon.AddHours(1)));
    }

    [Fact]
    public void An_answer_that_was_under_way_when_the_limit_changed_names_no_time()
    {
        _tokens.Asking();
        _tokens.AskAgain();
        _tokens.Answered(UsedUp, Noon);
        Assert.Equal(1, _tokens.Want(5, Noon));
        // The next one does.
        _tokens.Asking();
        _tokens.Answered(UsedUp, Noon);
        Assert.Equal(0, _tokens.Want(5, Noon));
    }
}
