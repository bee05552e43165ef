using CsCheck;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Policy.Tests.Scheduling;

public sealed class GreylistWaitTests
{
    static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Choose_NothingLearned_IsNull() => Assert.Null(GreylistWait.None.Choose(0.1, 0.5));

    [Fact]
    public void Choose_Announced_IsNeverCutShort()
    {
        var heard = GreylistWait.None.Hear(TimeSpan.FromSeconds(300));
        Assert.Equal(TimeSpan.FromSeconds(300), heard.Choose(0.1, 0));
        Assert.Equal(TimeSpan.FromSeconds(330), heard.Choose(0.1, 1));
    }

    [Fact]
    public void Choose_AnnouncementThatDidNotHold_GoesByWhatHappened()
    {
        var disappointed = Learn(GreylistWait.None.Hear(TimeSpan.FromSeconds(60)), 90, isGreylisted: true);
        Assert.InRange(disappointed.Choose(0.1, 0)!.Value, TimeSpan.FromSeconds(91), TimeSpan.FromSeconds(150));
        Assert.InRange(Learn(disappointed, 300, false).Choose(0.1, 1)!.Value, TimeSpan.FromSeconds(300), TimeSpan.FromSeconds(331));
    }

    [Fact]
    public void Learn_SiteThatChanged_ForgetsWhatContradicts()
    {
        var longer = Learn(Learn(GreylistWait.None, 60, false), 120, true);
        Assert.Null(longer.Passed);
        Assert.Equal(TimeSpan.FromSeconds(120), longer.Refused);
        var shorter = Learn(longer, 30, false);
        Assert.Null(shorter.Refused);
        Assert.Equal(TimeSpan.FromSeconds(30), shorter.Passed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(5 * 3600)]
    public void Learn_WaitThatTellsNothing_ChangesNothing(int seconds)
    {
        Assert.Same(GreylistWait.None, Learn(GreylistWait.None, seconds, true));
        Assert.Same(GreylistWait.None, Learn(GreylistWait.None, seconds, false));
        Assert.Same(GreylistWait.None, GreylistWait.None.Hear(TimeSpan.FromSeconds(seconds)));
    }

    [Fact]
    public void Second_attempts_come_close_to_the_sites_own_wait_and_few_are_too_early() =>
        Gen.Select(Gen.Int[30, 1_800], Gen.Double[0, 1].Array[400]).Sample((own, chances) =>
        {
            var learned = GreylistWait.None;
            var refused = 0;
            var last = TimeSpan.Zero;
            foreach (var chance in chances)
            {
                var wait = learned.Choose(0.1, chance) ?? TimeSpan.FromSeconds(2_000);
                var isGreylisted = wait < TimeSpan.FromSeconds(own);
                if (isGreylisted) refused++;
                learned = learned.Learn(Start, Start + wait, isGreylisted);
                last = wait;
            }

            return refused <= 40 && last < TimeSpan.FromSeconds(own * 1.3 + 10);
        }, iter: 500);

    static GreylistWait Learn(GreylistWait wait, int seconds, bool isGreylisted) => wait.Learn(Start, Start.AddSeconds(seconds), isGreylisted);
}
