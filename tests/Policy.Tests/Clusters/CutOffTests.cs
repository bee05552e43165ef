using Orleans.Mail.Policy.Clusters;

namespace Orleans.Mail.Policy.Tests.Clusters;

public sealed class CutOffTests
{
    static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(29, false)]
    [InlineData(30, true)]
    public void IsToLeave_OthersReachStorageAndThisOneDoesNot_AfterItsPatience(int seconds, bool leaves)
    {
        var cutOff = default(CutOff).Look(reachesStorage: false, doesAnotherSilo: true, Noon).Look(reachesStorage: false, doesAnotherSilo: true, Noon.AddSeconds(seconds));
        Assert.Equal((Noon, leaves), (cutOff.Since!.Value, cutOff.IsToLeave(Patience, Noon.AddSeconds(seconds))));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void Look_StorageIsBackOrAwayForAll_BeginsAnew(bool reachesStorage, bool doesAnotherSilo)
    {
        var cutOff = default(CutOff).Look(reachesStorage: false, doesAnotherSilo: true, Noon).Look(reachesStorage, doesAnotherSilo, Noon.AddSeconds(20));
        Assert.False(cutOff.IsToLeave(Patience, Noon.AddHours(1)));
        Assert.Equal(Noon.AddSeconds(25), cutOff.Look(reachesStorage: false, doesAnotherSilo: true, Noon.AddSeconds(25)).Since);
    }

    [Fact]
    public void IsToLeave_PatienceOfZero_Never() =>
        Assert.False(default(CutOff).Look(reachesStorage: false, doesAnotherSilo: true, Noon).IsToLeave(TimeSpan.Zero, Noon.AddDays(1)));
}
