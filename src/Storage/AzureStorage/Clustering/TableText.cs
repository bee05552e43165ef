using System.Globalization;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>How the official providers of Orleans write keys and times.</summary>
static class TableText
{
    const string TimeFormat = "yyyy-MM-dd HH:mm:ss.fff 'GMT'";
    const int MaxKeyLength = 1023;

    /// <summary>A key without the characters that Azure does not take in one.</summary>
    public static string Key(string text)
    {
        var key = text.Replace('/', '_').Replace('\\', '_').Replace('#', '_').Replace('?', '_');
        return key.Length <= MaxKeyLength ? key : throw new ArgumentException($"A table key has at most {MaxKeyLength} characters; this one has {key.Length}.", nameof(text));
    }

    /// <summary>A time as text; texts sort as the times do.</summary>
    public static string Time(DateTime time) => (time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : time).ToString(TimeFormat, CultureInfo.InvariantCulture);

    public static DateTime ReadTime(string text) => DateTime.SpecifyKind(DateTime.ParseExact(text, TimeFormat, CultureInfo.InvariantCulture), DateTimeKind.Utc);

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    public static int ReadNumber(string? text) => string.IsNullOrEmpty(text) ? 0 : int.Parse(text, CultureInfo.InvariantCulture);
}
