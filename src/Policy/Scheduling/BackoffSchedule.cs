using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Scheduling;

/// <summary>How long to wait after each attempt: the steps in turn, the last one from then on.</summary>
public sealed record BackoffSchedule
{
    /// <summary>Waits after the first, second, … attempt; positive, never shorter than the one before.</summary>
    public ImmutableArray<TimeSpan> Steps { get; }

    /// <summary>Share of a step by which chance shortens or lengthens it, so that what was deferred together does not come back together.</summary>
    public double JitterFraction { get; }

    public BackoffSchedule(IEnumerable<TimeSpan> steps, double jitterFraction = 0.1)
    {
        Steps = [.. steps];
        if (Steps.IsEmpty || Steps[0] <= TimeSpan.Zero) throw new ArgumentException("A schedule has at least one step, and steps are longer than zero.", nameof(steps));
        for (var i = 1; i < Steps.Length; i++)
            if (Steps[i] < Steps[i - 1])
                throw new ArgumentException("A step is never shorter than the one before.", nameof(steps));
        if (jitterFraction is not (>= 0 and <= 0.5)) throw new ArgumentOutOfRangeException(nameof(jitterFraction), "Jitter is 0 to 0.5 of a step.");
        JitterFraction = jitterFraction;
    }

    /// <summary>1, 5, 15, 30 minutes, 1, 2 hours, then every 4 hours.</summary>
    public static BackoffSchedule Default { get; } = new(Minutes(1, 5, 15, 30, 60, 120, 240));

    /// <summary>15 seconds, 1, 2, 5, 15 minutes, then every 30 minutes: somebody waits for it.</summary>
    public static BackoffSchedule Urgent { get; } = new(Minutes(0.25, 1, 2, 5, 15, 30));

    /// <summary>The preset of a priority.</summary>
    public static BackoffSchedule For(Priority priority) => priority == Priority.High ? Urgent : Default;

    /// <summary>Steps of <paramref name="first"/>, times <paramref name="factor"/> each, up to <paramref name="max"/>.</summary>
    public static BackoffSchedule Exponential(TimeSpan first, double factor, TimeSpan max, double jitterFraction = 0.1)
    {
        if (factor is not (>= 1 and <= 100)) throw new ArgumentOutOfRangeException(nameof(factor), "A factor is 1 to 100.");
        if (max < first) throw new ArgumentOutOfRangeException(nameof(max), "The longest step is not shorter than the first.");
        var steps = new List<TimeSpan>();
        for (var step = first; steps.Count < 64 && step < max; step = step.Ticks * factor >= max.Ticks ? max : step * factor) steps.Add(step);
        if (factor > 1 || steps.Count == 0) steps.Add(max);
        return new(steps, jitterFraction);
    }

    /// <summary>The wait after attempt number <paramref name="attempt"/>, from 1, before jitter.</summary>
    public TimeSpan StepAfter(int attempt) => Steps[Math.Clamp(attempt - 1, 0, Steps.Length - 1)];

    static IEnumerable<TimeSpan> Minutes(params double[] minutes) => minutes.Select(TimeSpan.FromMinutes);
}
