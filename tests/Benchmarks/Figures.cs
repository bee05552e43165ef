namespace Orleans.Mail.Benchmarks;

/// <summary>Small statistics.</summary>
static class Figures
{
    public static double Median(IEnumerable<double> values) => Percentile([.. values], 0.5);

    /// <summary>The value below which the share lies; between two values, the line between them. NaN of none.</summary>
    public static double Percentile(double[] values, double share)
    {
        if (values.Length == 0) return double.NaN;
        Array.Sort(values);
        var place = share * (values.Length - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, values.Length - 1);
        return values[below] + (values[above] - values[below]) * (place - below);
    }

    public static double Rounded(double value, int digits = 1) => double.IsFinite(value) ? Math.Round(value, digits) : 0;
}
