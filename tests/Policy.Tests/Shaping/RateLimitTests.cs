using System.ComponentModel;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Shaping;

public sealed class RateLimitTests
{
    [Theory]
    [InlineData("100/1h", 100, 3600, 1)]
    [InlineData("10/s", 10, 1, 1)]
    [InlineData(" 10 / 2s , burst 20 ", 10, 2, 20)]
    [InlineData("1/90m", 1, 5400, 1)]
    [InlineData("5000/1d, burst 5", 5000, 86400, 5)]
    public void Parse_ARate_IsReadAndPrintedAlike(string text, int count, int seconds, int burst)
    {
        var limit = RateLimit.Parse(text);

        Assert.Equal(new RateLimit(count, TimeSpan.FromSeconds(seconds), burst), limit);
        Assert.Equal(limit, RateLimit.Parse(limit.ToString()));
        Assert.Equal(limit, TypeDescriptor.GetConverter(typeof(RateLimit)).ConvertFromInvariantString(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("100")]
    [InlineData("0/1h")]
    [InlineData("-1/1h")]
    [InlineData("100/0s")]
    [InlineData("100/1w")]
    [InlineData("100/1h, burst 0")]
    [InlineData("100/1h burst 3")]
    [InlineData("999999999/1s")]
    [InlineData("1/999999999d")]
    [InlineData("99999999999999/1h")]
    public void Parse_Nonsense_IsRefused(string text)
    {
        Assert.False(RateLimit.TryParse(text, out _));
        Assert.Throws<FormatException>(() => RateLimit.Parse(text));
    }

    [Theory]
    [InlineData("100/1h", "100/1h")]
    [InlineData("3/60s", "3/1m")]
    [InlineData("3/1500ms", "3/1500ms")]
    [InlineData("10/1s, burst 20", "10/1s, burst 20")]
    public void ToString_Always_UsesTheLargestUnit(string text, string printed) => Assert.Equal(printed, RateLimit.Parse(text).ToString());

    [Fact]
    public void Every_AFastRate_CoversTheTimeBetweenLooks()
    {
        Assert.Equal(50, RateLimit.Parse("1000/1s").Every(TimeSpan.FromMilliseconds(50)).Burst);
        Assert.Equal(1, RateLimit.Parse("1/1m").Every(TimeSpan.FromMilliseconds(50)).Burst);
        Assert.Equal(80, RateLimit.Parse("1000/1s, burst 80").Every(TimeSpan.FromMilliseconds(50)).Burst);
    }

    [Fact]
    public void Slower_OfTwo_IsTheStricter()
    {
        RateLimit fast = RateLimit.Parse("10/1s"), slow = RateLimit.Parse("10/1m");
        Assert.Same(slow, RateLimit.Slower(fast, slow));
        Assert.Same(slow, RateLimit.Slower(slow, fast));
        Assert.Same(slow, RateLimit.Slower(null, slow));
        Assert.Same(slow, RateLimit.Slower(slow, null));
        Assert.Null(RateLimit.Slower(null, null));
    }
}
