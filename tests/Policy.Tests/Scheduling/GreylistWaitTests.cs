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

    [Theory]
    [InlineData(null, 100, 0, 90)]
    [InlineData(null, 100, 1, 110)]
    [InlineData(80, 100, 0, 90)]
    [InlineData(88, 100, 0, 93)]
    [InlineData(98, 100, 0, 100)]
    [InlineData(98, 100, 1, 110)]
    [InlineData(100, null, 0, 135)]
    [InlineData(100, null, 1, 165)]
    public void Choose_WhatWasSeen_IsApproachedFromAboveWhatWasRefused(int? refused, int? passed, double chance, int expected)
    {
        var learned = GreylistWait.None;
        if (refused is { } early) learned = Learn(learned, early, isGreylisted: true);
        if (passed is { } late) learned = Learn(learned, late, isGreylisted: false);
        Assert.Equal(expected, learned.Choose(0.1, chance)!.Value.TotalSeconds, 3);
    }

    [Fact]
    public void Learn_OfSeveralWaits_KeepsTheLongestRefusedAndTheShortestPassed()
    {
        var refused = Learn(Learn(Learn(GreylistWait.None, 60, true), 90, true), 30, true);
        Assert.Equal(TimeSpan.FromSeconds(90), refused.Refused);
        var passed = Learn(Learn(Learn(refused, 300, false), 120, false), 200, false);
        Assert.Equal((TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(120)), (passed.Refused!.Value, passed.Passed!.Value));
        // The same wait, and another answer: the newer one counts.
        Assert.Null(Learn(passed, 120, true).Passed);
        Assert.Null(Learn(passed, 90, false).Refused);
    }

    [Fact]
    public void Choose_AnnouncementNoLongerThanWhatWasRefused_CountsForNothing()
    {
        var heard = Learn(GreylistWait.None.Hear(TimeSpan.FromSeconds(100)), 100, isGreylisted: true);
        Assert.Equal(135, heard.Choose(0.1, 0)!.Value.TotalSeconds, 3);
        Assert.Equal(100, Learn(GreylistWait.None.Hear(TimeSpan.FromSeconds(100)), 90, true).Choose(0.1, 0)!.Value.TotalSeconds, 3);
    }

    [Fact]
    public void Learn_FourHours_IsTheLongestThatTells()
    {
        Assert.Equal(TimeSpan.FromHours(4), Learn(GreylistWait.None, 4 * 3600, true).Refused);
        Assert.Same(GreylistWait.None, Learn(GreylistWait.None, 4 * 3600 + 1, true));
        Assert.Equal(TimeSpan.FromHours(4), GreylistWait.None.Hear(TimeSpan.FromHours(4)).Announced);
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
