using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Shaping;

public sealed class RelayChoiceTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Choose_ByWeight_SharesItsTier()
    {
        Candidate[] pool = [new("a", 1, 3), new("b", 1, 1), new("reserve", 2, 100), new("never", 1, 0)];
        var chosen = Enumerable.Range(0, 400).Select(i => WeightedChoice.Choose(pool, i / 400.0)!.Value.Name).CountBy(name => name).ToDictionary();

        Assert.Equal(300, chosen["a"]);
        Assert.Equal(100, chosen["b"]);
        Assert.Equal(2, chosen.Count);
        Assert.Equal("b", WeightedChoice.Choose(pool, 1)!.Value.Name);
    }

    [Fact]
    public void Choose_TierNotUsable_TakesTheNext()
    {
        Candidate[] pool = [new("a", 1, 3, false), new("reserve", 2, 1)];
        Assert.Equal("reserve", WeightedChoice.Choose(pool, 0)!.Value.Name);
        Assert.Null(WeightedChoice.Choose(pool[..1], 0));
        Assert.Null(WeightedChoice.Choose([], 0));
    }

    [Fact]
    public void Choose_Sticky_IsKeptWhileUsable()
    {
        Candidate[] pool = [new("a", 1, 1), new("b", 2, 1), new("dead", 1, 1, false)];
        Assert.Equal("b", WeightedChoice.Choose(pool, 0, sticky: "b")!.Value.Name);
        Assert.Equal("a", WeightedChoice.Choose(pool, 0, sticky: "dead")!.Value.Name);
        Assert.Equal("a", WeightedChoice.Choose(pool, 0, sticky: "gone")!.Value.Name);
    }

    [Fact]
    public void Ramp_grows_by_day_and_ends()
    {
        var ramp = new WarmupRamp([50, 100, 500]);
        Assert.Equal(0, ramp.VolumeAt(Now, Now.AddHours(-1)));
        Assert.Equal(50, ramp.VolumeAt(Now, Now.AddHours(23)));
        Assert.Equal(100, ramp.VolumeAt(Now, Now.AddHours(24)));
        Assert.Null(ramp.VolumeAt(Now, Now.AddDays(3)));
        Assert.Equal(Now.AddDays(2), WarmupRamp.NextDay(Now, Now.AddHours(30)));

        Assert.Equal(0.1, ramp.WeightAt(Now, Now, 0), 9);
        Assert.Equal(0, ramp.WeightAt(Now, Now, 60));
        Assert.Equal(8, ramp.WeightAt(Now, Now.AddDays(3), 1_000_000, 8));
        Assert.Throws<ArgumentException>(() => new WarmupRamp([50, 40]));
        Assert.Throws<ArgumentException>(() => new WarmupRamp([0]));
        Assert.Equal(1, new WarmupRamp([]).WeightAt(Now, Now, 5));
    }
}
