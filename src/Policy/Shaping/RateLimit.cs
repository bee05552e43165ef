using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>So many in a period, spread evenly, and how many of them may come at once. Written <c>100/1h</c> or <c>10/1s, burst 20</c>.</summary>
/// <remarks>The burst is never implied: "100/1d" means one each 14 minutes, not a hundred after midnight.</remarks>
[TypeConverter(typeof(RateLimitConverter))]
public sealed partial record RateLimit
{
    static readonly (string Unit, TimeSpan Span)[] Units =
        [("d", TimeSpan.FromDays(1)), ("h", TimeSpan.FromHours(1)), ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1)), ("ms", TimeSpan.FromMilliseconds(1))];

    /// <exception cref="ArgumentOutOfRangeException">A number is not positive, or the pace is beyond a million a second.</exception>
    public RateLimit(int count, TimeSpan period, int burst = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        if (period <= TimeSpan.Zero || count / period.TotalSeconds > 1e6) throw new ArgumentOutOfRangeException(nameof(period));
        (Count, Period, Burst) = (count, period, burst);
    }

    public int Count { get; }

    public TimeSpan Period { get; }

    /// <summary>How many may go at one moment after a rest. Default 1.</summary>
    public int Burst { get; }

    public double PerSecond => Count / Period.TotalSeconds;

    /// <summary>What lies between two, evenly spread.</summary>
    public TimeSpan Spacing => Period / Count;

    /// <summary>The same pace for a caller that looks only so often: the burst is at least what comes due between two looks.</summary>
    public RateLimit Every(TimeSpan look) => new(Count, Period, Math.Max(Burst, (int)Math.Ceiling(PerSecond * look.TotalSeconds)));

    /// <summary>The slower of two; null is no limit.</summary>
    public static RateLimit? Slower(RateLimit? one, RateLimit? other) =>
        one is null || other?.PerSecond < one.PerSecond ? other : one;

    /// <exception cref="FormatException">Not <c>N/period</c> with an optional <c>, burst N</c>.</exception>
    public static RateLimit Parse(string text) =>
        TryParse(text, out var limit) ? limit! : throw new FormatException("A rate is written as 100/1h, or as 10/1s, burst 20 (units ms, s, m, h, d).");

    public static bool TryParse(string? text, out RateLimit? limit)
    {
        limit = null;
        var match = Form().Match(text ?? "");
        if (!match.Success) return false;
        int.TryParse(match.Groups["many"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var many);
        if (!match.Groups["many"].Success) many = 1;
        var span = Array.Find(Units, entry => entry.Unit == match.Groups["unit"].Value).Span;
        if (!int.TryParse(match.Groups["count"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;
        var burst = 1;
        if (match.Groups["burst"].Success && !int.TryParse(match.Groups["burst"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out burst)) return false;
        if (count < 1 || burst < 1 || many < 1 || many > TimeSpan.FromDays(3660) / span || count / (span * many).TotalSeconds > 1e6) return false;
        limit = new RateLimit(count, span * many, burst);
        return true;
    }

    public override string ToString()
    {
        var (unit, span) = Array.Find(Units, entry => Period.Ticks % entry.Span.Ticks == 0);
        var period = unit is null
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, (long)Period.TotalMilliseconds)}ms")
            : string.Create(CultureInfo.InvariantCulture, $"{Period.Ticks / span.Ticks}{unit}");
        return Burst == 1
            ? string.Create(CultureInfo.InvariantCulture, $"{Count}/{period}")
            : string.Create(CultureInfo.InvariantCulture, $"{Count}/{period}, burst {Burst}");
    }

    [GeneratedRegex(@"^\s*(?<count>[0-9]{1,9})\s*/\s*(?<many>[0-9]{1,9})?\s*(?<unit>ms|s|m|h|d)\s*(,\s*burst\s+(?<burst>[0-9]{1,9})\s*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}

/// <summary>Lets configuration hold a rate as text.</summary>
public sealed class RateLimitConverter : TypeConverter
{
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        value is string text ? RateLimit.Parse(text) : base.ConvertFrom(context, culture, value);
}
