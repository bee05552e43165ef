using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Simulation;

namespace Orleans.Mail.Cli.Simulation;

/// <summary>A scenario as JSON: members as in <see cref="Scenario"/>, times as <c>20ms</c>, <c>5m</c> or <c>1d</c>, rates as <c>10/1s, burst 20</c>.</summary>
static partial class ScenarioFile
{
    // A misspelt member would silently simulate something else.
    static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new SpanConverter(), new RateConverter(), new JsonStringEnumConverter() },
    };

    /// <exception cref="JsonException">The text is no scenario; the message says where.</exception>
    public static Scenario Parse(string text) => JsonSerializer.Deserialize<Scenario>(text, Options) ?? throw new JsonException("A scenario is an object.");

    sealed class RateConverter : JsonConverter<RateLimit>
    {
        public override RateLimit Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && RateLimit.TryParse(reader.GetString(), out var limit) ? limit! : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, RateLimit value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    sealed partial class SpanConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException();
            var match = Form().Match(text);
            if (!match.Success) return TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var plain) ? plain : throw new JsonException();
            var number = double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture);
            return number * match.Groups["unit"].Value switch
            {
                "ms" => TimeSpan.FromMilliseconds(1),
                "s" => TimeSpan.FromSeconds(1),
                "m" => TimeSpan.FromMinutes(1),
                "h" => TimeSpan.FromHours(1),
                _ => TimeSpan.FromDays(1),
            };
        }

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString("c", CultureInfo.InvariantCulture));

        [GeneratedRegex(@"^(?<number>[0-9]{1,7}(\.[0-9]{1,3})?)\s*(?<unit>ms|s|m|h|d)$", RegexOptions.CultureInvariant)]
        private static partial Regex Form();
    }
}
