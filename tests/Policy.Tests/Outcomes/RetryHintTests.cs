using System.Diagnostics;
using CsCheck;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Tests.Outcomes;

public sealed class RetryHintTests
{
    [Theory]
    [InlineData("Try again in 300 seconds", 300)]
    [InlineData("try again in 5 minutes", 300)]
    [InlineData("Please retry after 00:05:00", 300)]
    [InlineData("Greylisted for 300 seconds", 300)]
    [InlineData("Greylisted, see http://example.test/help/7.html; retry in 60s", 60)]
    [InlineData("Greylisting in action, please come back in 00:04:59", 299)]
    [InlineData("Come back in 1 hour", 3600)]
    [InlineData("Please wait 4 minutes and 32 seconds", 272)]
    [InlineData("Deferred, 5m30s, thank you", 330)]
    [InlineData("Temporarily deferred: 120 seconds until retry", 120)]
    [InlineData("Greylisted, 45 SECONDS remaining", 45)]
    [InlineData("Greylisted\nplease try again in\n10 min.", 600)]
    [InlineData("Too many messages (10 messages per 60 seconds), retry in 90 secs", 90)]
    [InlineData("retry in 2 days", 172800)]
    [InlineData("retry in 7 days", 604800)]
    [InlineData("retry in 604800 seconds", 604800)]
    [InlineData("Retry once seven other words stand between in 60 seconds", 60)]
    [InlineData("Retry once then eight other words stand between in 60 seconds", null)]
    [InlineData("60 seconds of four words again", 60)]
    [InlineData("60 seconds of many more words again", null)]
    [InlineData("retry after 99:59:59", 359999)]
    [InlineData("retry after 00:60:00", null)]
    [InlineData("retry after 05:00", null)]
    [InlineData("retry in 1000000 seconds", null)]
    [InlineData("Please wait 1 hour and 5 minutes and 10 seconds", 3910)]
    [InlineData("again every 60 seconds", null)]
    [InlineData("again until 14:20:00", null)]
    [InlineData("Try again in 5 minutes, at the latest in 2 hours", 300)]
    public void Find_TextWithAWait_IsTheWait(string text, int? seconds) => Assert.Equal(seconds is { } wait ? TimeSpan.FromSeconds(wait) : null, RetryHint.Find(text));

    [Theory]
    [InlineData("")]
    [InlineData("Try again later")]
    [InlineData("Greylisted, see http://example.test/300")]
    [InlineData("Rate limit: 10 messages per 60 seconds, try again later")]
    [InlineData("More than 5 in the last 60 seconds, retry later")]
    [InlineData("Try again at 14:20:00")]
    [InlineData("Try again in 0 seconds")]
    [InlineData("Try again in 1.5 hours")]
    [InlineData("Try again in 99999999999999999999 seconds")]
    [InlineData("Try again in 30 days")]
    [InlineData("Try again in 00:99:99")]
    [InlineData("Session took 300 seconds")]
    [InlineData("Retry in a moment; the mailbox of this user was last opened a long time ago, that is 300 seconds")]
    [InlineData("Try again in ٣٠٠ seconds")]
    public void Find_TextWithoutOne_IsNull(string text) => Assert.Null(RetryHint.Find(text));

    [Fact]
    public void Find_AnyText_IsNothingOrAWaitOfAtMostAWeek() =>
        Gen.Select(Gen.OneOf(Gen.String, Gen.String["0123456789: .smhretryagin\n"]), Gen.String["0123456789"], Gen.OneOf(Gen.Const("s"), Gen.Const(" hours"), Gen.Const("d"), Gen.Const(":"), Gen.Const(""))).Sample(
            (text, number, unit) => RetryHint.Find($"{text} again in {number}{unit} {text}") is null or { Ticks: > 0 and <= 7 * TimeSpan.TicksPerDay },
            iter: 20_000);

    [Theory]
    [InlineData("retry in ")]
    [InlineData("1s")]
    [InlineData("1:1:1 ")]
    [InlineData("again and ")]
    [InlineData("1")]
    public void Find_MegabytesOfBait_CostNoMoreThanTheirBeginning(string bait)
    {
        var text = string.Concat(Enumerable.Repeat(bait, 200_000));
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < 1_000; i++) RetryHint.Find(text);
        // A thousand looks at 1,024 characters each; a look at all of it would take minutes.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1));
    }
}
