using CsCheck;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Policy.Tests.Scheduling;

public sealed class BackoffPolicyTests
{
    static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(3, 15)]
    [InlineData(4, 30)]
    [InlineData(5, 60)]
    [InlineData(6, 120)]
    [InlineData(7, 240)]
    [InlineData(8, 240)]
    [InlineData(1_000_000, 240)]
    [InlineData(int.MaxValue, 240)]
    public void NextAttempt_DefaultSchedule_WaitsItsStep(int attemptsSoFar, int minutes) =>
        Assert.Equal(Start.AddMinutes(minutes), BackoffPolicy.NextAttempt(BackoffSchedule.Default, attemptsSoFar, Start, Start.AddDays(5), 0.5));

    [Fact]
    public void NextAttempt_NothingTried_IsNow() =>
        Assert.Equal(Start, BackoffPolicy.NextAttempt(BackoffSchedule.Default, 0, Start, Start.AddDays(5), 0.9));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-1_000_000)]
    public void NextAttempt_ExpiryReached_IsNone(int seconds)
    {
        Assert.Null(BackoffPolicy.NextAttempt(BackoffSchedule.Default, 0, Start, Start.AddSeconds(seconds), 0));
        Assert.Null(BackoffPolicy.NextAttempt(BackoffSchedule.Default, 3, Start, Start.AddSeconds(seconds), 0));
    }

    [Fact]
    public void NextAttempt_ExtremeTimes_DoNotOverflow()
    {
        Assert.NotNull(BackoffPolicy.NextAttempt(BackoffSchedule.Default, 9, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, 1));
        Assert.Null(BackoffPolicy.NextAttempt(BackoffSchedule.Default, 9, DateTimeOffset.MaxValue, DateTimeOffset.MinValue, 1));
        Assert.Null(BackoffPolicy.NextAttempt(BackoffSchedule.Default, 9, DateTimeOffset.MaxValue.AddSeconds(-1), DateTimeOffset.MaxValue, double.NaN));
    }

    [Fact]
    public void NextAttempt_StepBeyondExpiry_TriesOnceMoreShortlyBefore()
    {
        var expiresAt = Start.AddHours(3);
        var last = BackoffPolicy.NextAttempt(BackoffSchedule.Default, 9, Start, expiresAt, 0.3);

        Assert.NotNull(last);
        Assert.InRange(expiresAt - last.Value, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
        Assert.Null(BackoffPolicy.NextAttempt(BackoffSchedule.Default, 10, last.Value, expiresAt, 0));
        Assert.Null(BackoffPolicy.NextAttempt(BackoffSchedule.Default, 10, last.Value, expiresAt, 1));
    }

    [Fact]
    public void NextAttempt_LastTry_IsNoSoonerThanAFirstStep()
    {
        Assert.Equal(Start.AddSeconds(54), BackoffPolicy.NextAttempt(BackoffSchedule.Default, 9, Start, Start.AddSeconds(84), 0));
        Assert.Null(BackoffPolicy.NextAttempt(BackoffSchedule.Default, 9, Start, Start.AddSeconds(83.9), 0));
    }

    [Fact]
    public void Gaps_over_10_000_attempts_stay_within_the_schedule_and_its_jitter()
    {
        var schedule = BackoffSchedule.Default;
        var random = new Random(1);
        var now = Start;
        for (var attempt = 1; attempt <= 10_000; attempt++)
        {
            var next = BackoffPolicy.NextAttempt(schedule, attempt, now, Start.AddYears(100), random.NextDouble());
            Assert.NotNull(next);
            Assert.InRange(next.Value - now, schedule.StepAfter(attempt) * 0.9, schedule.StepAfter(attempt) * 1.1);
            now = next.Value;
        }
    }

    [Fact]
    public void Every_message_ends_and_is_tried_in_its_last_stretch()
    {
        var chances = Gen.Double[0, 1].Array[64];
        Gen.Select(Gen.Int[1, 200], Gen.Double[1.0, 4.0], Gen.Int[0, 50], Gen.Int[1, 5_000], chances).Sample((first, factor, jitter, life, luck) =>
        {
            var schedule = BackoffSchedule.Exponential(TimeSpan.FromSeconds(first), factor, TimeSpan.FromSeconds(first * 30), jitter / 100.0);
            var expiresAt = Start.AddSeconds(first * (double)life / 10);
            var now = Start;
            for (var attempt = 1; attempt < 1_000; attempt++)
            {
                var next = BackoffPolicy.NextAttempt(schedule, attempt, now, expiresAt, luck[attempt % luck.Length]);
                // Never a gap at the end longer than what is left out between last try and expiry.
                if (next is null) return expiresAt - now <= schedule.Steps[0] * 2.01;
                if (next <= now || next >= expiresAt || next - now > schedule.StepAfter(attempt) * (1.0001 + jitter / 100.0)) return false;
                now = next.Value;
            }

            return true;
        });
    }

    [Fact]
    public void Steps_are_monotone_and_bounded() =>
        Gen.Select(Gen.Int[1, 10_000], Gen.Double[1.0, 10.0], Gen.Int[1, 1_000], Gen.Int[1, 1_000_000]).Sample((first, factor, times, attempt) =>
        {
            var schedule = BackoffSchedule.Exponential(TimeSpan.FromSeconds(first), factor, TimeSpan.FromSeconds((double)first * times));
            return schedule.StepAfter(attempt) <= schedule.StepAfter(attempt + 1)
                && schedule.StepAfter(attempt) >= TimeSpan.FromSeconds(first)
                && schedule.StepAfter(attempt) <= TimeSpan.FromSeconds((double)first * times);
        });

    [Fact]
    public void Schedule_that_shrinks_or_stands_still_at_zero_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new BackoffSchedule([]));
        Assert.Throws<ArgumentException>(() => new BackoffSchedule([TimeSpan.Zero]));
        Assert.Throws<ArgumentException>(() => new BackoffSchedule([TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BackoffSchedule([TimeSpan.FromMinutes(2)], 0.6));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BackoffSchedule([TimeSpan.FromMinutes(2)], double.NaN));
    }
}
