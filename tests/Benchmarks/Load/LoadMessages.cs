using System.Text.Json.Serialization;

namespace Orleans.Mail.Benchmarks.Load;

/// <summary>What the load client is asked, one JSON object a line on its standard input. Every request gets one line back.</summary>
/// <param name="Verb">submit, watch, delivered, deferred or lateness.</param>
/// <param name="Messages">How many to submit, or to wait for.</param>
/// <param name="MessagesPerSecond">0 for as fast as the answers come.</param>
sealed record LoadRequest(string Verb, int Messages = 0, double MessagesPerSecond = 0);

/// <summary>The answer. Timestamps are of the machine's monotonic clock, which all its processes share.</summary>
sealed record LoadAnswer
{
    public string? Error { get; init; }

    public long FirstSubmit { get; init; }

    public long LastReceipt { get; init; }

    public int Refused { get; init; }

    public double P50Ms { get; init; }

    public double P99Ms { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LoadRequest))]
[JsonSerializable(typeof(LoadAnswer))]
sealed partial class LoadJson : JsonSerializerContext;
