using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orleans.Mail.Cli.Simulation;

namespace Orleans.Mail.Cli.Output;

/// <summary>JSON lines. Ids, states, event types and positions are text; what is absent is left out.</summary>
sealed class JsonPrinter(TextWriter output) : Printer
{
    static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new TextConverter<MessageId>(), new TextConverter<MailState>(), new TextConverter<EventType>(), new TextConverter<EventPosition>(), new TextConverter<EnhancedStatus>(), new JsonStringEnumConverter() },
    };

    public override void Write(Submission submission) => Line(new { submission.Id, submission.AcceptedAt, submission.WasDuplicate });

    public override void Write(MessageStatus status) => Line(status);

    public override void Write(IReadOnlyList<MessageStatus> list)
    {
        foreach (var status in list) Line(status);
    }

    public override void Write(DeliveryEvent item) => Line(item);

    public override void Write(MessageId id, CancelResult result) => Line(new { id, result });

    public override void Write(IReadOnlyList<SimulatedRun> runs)
    {
        foreach (var run in runs) Line(run);
    }

    public override void Write(MessageId id, ChangeAnswer answer) => Line(new { id, answer.Result, answer.Problem });

    public override void Write(SetResult result) => Line(new { result.Matched, result.Changed, result.TooLate, result.Refused });

    public override void Write(IReadOnlyList<StandingOrder> orders)
    {
        foreach (var order in orders) Line(order);
    }

    public override void Write(IReadOnlyList<Suppression> suppressions)
    {
        foreach (var suppression in suppressions) Line(suppression);
    }

    void Line<T>(T value)
    {
        output.WriteLine(JsonSerializer.Serialize(value, Options));
        output.Flush();
    }

    /// <summary>Value types whose text form is their public form.</summary>
    sealed class TextConverter<T> : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("Output only.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value!.ToString());
    }
}
