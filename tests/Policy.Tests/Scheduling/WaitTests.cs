using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Policy.Tests.Scheduling;

public sealed class WaitTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 0, 5)]
    [InlineData(20, 0, 5)]
    [InlineData(24, 0, 6)]
    [InlineData(16 * 60, 0, 4 * 60)]
    [InlineData(100 * 60, 0, 4 * 60)]
    [InlineData(24, 10, 16)]
    [InlineData(24, -10, 6)]
    public void ForRecovery_IsAQuarterOfTheAgeWithinBoundsBehindTheProbe(int ageMinutes, int probeInMinutes, int expectedMinutes) =>
        Assert.Equal(Now.AddMinutes(expectedMinutes), Wait.ForRecovery(Now.AddMinutes(probeInMinutes), Now.AddMinutes(-ageMinutes), Now));
}
