using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>How much a new source address may send on each day since its start, until receivers know it. A day is 24 hours from the start.</summary>
public sealed record WarmupRamp
{
    /// <param name="dailyVolumes">Messages on the first, second, … day; after the last one there is no bound.</param>
    /// <exception cref="ArgumentException">A day has less than 1, or less than the day before.</exception>
    public WarmupRamp(IEnumerable<int> dailyVolumes)
    {
        DailyVolumes = [.. dailyVolumes];
        for (var day = 0; day < DailyVolumes.Length; day++)
            if (DailyVolumes[day] < (day == 0 ? 1 : DailyVolumes[day - 1]))
                throw new ArgumentException("Each day of a ramp has at least 1 message, and no fewer than the day before.", nameof(dailyVolumes));
    }

    /// <summary>50, 100, 500, 1,000, 5,000, 10,000, 20,000, 50,000, 100,000, 200,000, then free.</summary>
    public static WarmupRamp Default { get; } = new([50, 100, 500, 1_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000]);

    public ImmutableArray<int> DailyVolumes { get; }

    /// <summary>Which day it is, from 0; before the start it is negative.</summary>
    public static int DayOf(DateTimeOffset start, DateTimeOffset now) => (int)Math.Floor((now - start).TotalDays);

    /// <summary>What the day allows: 0 before the start, null when the ramp is over.</summary>
    public int? VolumeAt(DateTimeOffset start, DateTimeOffset now) =>
        DayOf(start, now) is var day && day < 0 ? 0 : day < DailyVolumes.Length ? DailyVolumes[day] : null;

    /// <summary>Weight for <see cref="WeightedChoice"/>: the full one when the ramp is over, else what is left of the day as a part of the last day's volume; 0 when nothing is left.</summary>
    /// <param name="start">When the source came into use.</param>
    /// <param name="now">Now.</param>
    /// <param name="sentToday">Sent since the day began.</param>
    /// <param name="fullWeight">Its weight once warm.</param>
    public double WeightAt(DateTimeOffset start, DateTimeOffset now, int sentToday, double fullWeight = 1) =>
        VolumeAt(start, now) is not { } volume ? fullWeight : fullWeight * Math.Max(0, volume - sentToday) / DailyVolumes[^1];

    /// <summary>When the next day begins.</summary>
    public static DateTimeOffset NextDay(DateTimeOffset start, DateTimeOffset now) => start.AddDays(DayOf(start, now) + 1);
}
