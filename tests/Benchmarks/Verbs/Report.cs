using System.Globalization;
using System.Text.Json;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>Output of a verb: lines for people as it goes, and one JSON object as the last line.</summary>
static class Report
{
    public static void Row(string name, string value) => Console.WriteLine($"{name,-44}{value,16}");

    public static void Row(string name, double value, string unit) => Row(name, $"{value.ToString("#,0.##", CultureInfo.InvariantCulture)} {unit}");

    /// <summary>The last line; a null figure was not measured.</summary>
    public static void Json(params ReadOnlySpan<(string Name, double? Value)> figures)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in figures)
            {
                if (value is { } number && double.IsFinite(number)) json.WriteNumber(name, Math.Round(number, 3));
                else json.WriteNull(name);
            }

            json.WriteEndObject();
        }

        Console.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
