using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orleans.Mail.Api;

/// <summary>Names and ids as plain text.</summary>
static class ApiJson
{
    public static void Use(JsonSerializerOptions options)
    {
        options.Converters.Add(new JsonStringEnumConverter());
        options.Converters.Add(new TextConverter<MailState>());
        options.Converters.Add(new TextConverter<MessageId>());
        options.Converters.Add(new TextConverter<EnhancedStatus>());
    }

    sealed class TextConverter<T> : JsonConverter<T> where T : struct
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("The api takes no such value.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
