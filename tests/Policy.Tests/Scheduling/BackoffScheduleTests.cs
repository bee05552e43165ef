using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Policy.Tests.Scheduling;

public sealed class BackoffScheduleTests
{
    static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void Presets_AreThoseOfTheDocs()
    {
        Assert.Equal([1, 5, 15, 30, 60, 120, 240], Minutes(BackoffSchedule.For(Priority.Normal)));
        Assert.Equal([1, 5, 15, 30, 60, 120, 240], Minutes(BackoffSchedule.For(Priority.Bulk)));
        Assert.Equal([0.25, 1, 2, 5, 15, 30], Minutes(BackoffSchedule.For(Priority.High)));
        Assert.Equal(0.1, BackoffSchedule.Default.JitterFraction);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(7, 240)]
    [InlineData(8, 240)]
    [InlineData(int.MaxValue, 240)]
    public void StepAfter_AnyAttempt_IsItsStepOrTheLast(int attempt, int minutes) => Assert.Equal(minutes, BackoffSchedule.Default.StepAfter(attempt).TotalMinutes);

    [Fact]
    public void Exponential_GrowsByItsFactorAndEndsWithItsLongestStep()
    {
        Assert.Equal([1, 2, 4, 8, 10], Minutes(BackoffSchedule.Exponential(Minute, 2, 10 * Minute)));
        Assert.Equal([1, 2, 4, 8], Minutes(BackoffSchedule.Exponential(Minute, 2, 8 * Minute)));
        Assert.Equal([1], Minutes(BackoffSchedule.Exponential(Minute, 2, Minute)));
        Assert.Equal([1], Minutes(BackoffSchedule.Exponential(Minute, 1, Minute)));
        Assert.Equal([1, 100], Minutes(BackoffSchedule.Exponential(Minute, 100, 100 * Minute)));
        Assert.All(BackoffSchedule.Exponential(Minute, 1, 2 * Minute).Steps, step => Assert.Equal(Minute, step));
    }

    [Fact]
    public void What_is_no_schedule_is_refused_and_what_is_at_a_bound_is_taken()
    {
        Assert.Throws<ArgumentException>(() => new BackoffSchedule([]));
        Assert.Throws<ArgumentException>(() => new BackoffSchedule([TimeSpan.Zero]));
        Assert.Throws<ArgumentException>(() => new BackoffSchedule([Minute, Minute, Minute / 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BackoffSchedule([Minute], -0.01));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BackoffSchedule([Minute], 0.51));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BackoffSchedule([Minute], double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => BackoffSchedule.Exponential(Minute, 0.99, 2 * Minute));
        Assert.Throws<ArgumentOutOfRangeException>(() => BackoffSchedule.Exponential(Minute, 101, 2 * Minute));
        Assert.Throws<ArgumentOutOfRangeException>(() => BackoffSchedule.Exponential(Minute, 2, Minute / 2));
        Assert.Equal(2, new BackoffSchedule([Minute, Minute], 0.5).Steps.Length);
        Assert.Equal(0, new BackoffSchedule([TimeSpan.FromTicks(1)], 0).JitterFraction);
    }

    static IEnumerable<double> Minutes(BackoffSchedule schedule) => schedule.Steps.Select(step => step.TotalMinutes);
}
