using System.Text.Json;
using System.Text.Json.Serialization;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Control;

/// <summary>Settings are stored as JSON: few, small, and readable for whoever repairs one by hand. Members are only ever added.</summary>
static class SettingJson
{
    static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    public static byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    /// <summary>Null when the record is not one of ours.</summary>
    public static T? Read<T>(Setting setting) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(setting.Value.Span, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
