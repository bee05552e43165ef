using System.Net;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>The source addresses, and how much each may send.</summary>
sealed class SourceWarmup(SoundOptions<RoutingOptions> options)
{
    // A day's volume is spread over the day: this part of it may go at once.
    const int BurstShare = 24;

    IDictionary<string, SourceOptions> Sources => options.Current.Sources;

    /// <summary>Told after every change, on no thread in particular.</summary>
    public event Action? Changed
    {
        add => options.Changed += value;
        remove => options.Changed -= value;
    }

    /// <summary>Another object after every change.</summary>
    public object Version => options.Current;

    public bool IsEmpty => Sources.Count == 0;

    public IEnumerable<string> Names => Sources.Keys;

    public IPAddress? AddressOf(string source) => Sources.TryGetValue(source, out var found) ? IPAddress.Parse(found.Address) : null;

    /// <summary>A cold source gets the part of its weight that its day has of the last day of the ramp.</summary>
    public double WeightOf(string source, DateTimeOffset now) =>
        Sources.TryGetValue(source, out var found)
            ? found.WarmupFrom is { } first ? WarmupRamp.Default.WeightAt(StartOf(first), now, 0, found.Weight) : found.Weight
            : 0;

    public BudgetLimit LimitOf(string source, DateTimeOffset now)
    {
        if (!Sources.TryGetValue(source, out var found)) return default;
        var volume = VolumeOf(found, now);
        return new BudgetLimit(RateLimit.Slower(found.Rate, Spread(volume)), volume, null);
    }

    public bool IsWarming(string source, DateTimeOffset now) => Sources.TryGetValue(source, out var found) && VolumeOf(found, now) is not null;

    static int? VolumeOf(SourceOptions source, DateTimeOffset now) => source.WarmupFrom is { } first ? WarmupRamp.Default.VolumeAt(StartOf(first), now) : null;

    static RateLimit? Spread(int? volume) => volume is > 0 ? new RateLimit(volume.Value, TimeSpan.FromDays(1), Math.Max(1, volume.Value / BurstShare)) : null;

    static DateTimeOffset StartOf(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
}
