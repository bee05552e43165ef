using System.Text.Json;
using System.Text.Json.Serialization;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Control;

/// <summary>Limits as a standing order writes them: <c>{"rate":"10/1m","maxSessions":2}</c>, with the members of <see cref="SiteLimitsOverride"/> that concern a site's connections.</summary>
public static class OrderedLimits
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static string Write(RateLimit? rate, int? maxSessions) => JsonSerializer.Serialize(new Form { Rate = rate?.ToString(), MaxSessions = maxSessions }, Json);

    /// <summary>The limits, or what is wrong with the text and what to do; one of the two is null.</summary>
    public static (SiteLimitsOverride? Limits, string? Problem) Read(string? detail)
    {
        Form? form;
        try
        {
            form = JsonSerializer.Deserialize<Form>(detail ?? "", Json);
        }
        catch (JsonException exception)
        {
            return (null, $"The limits must be JSON such as {Example}{(exception.Path is { Length: > 2 } path ? $"; {path[2..]} is not one of {Members} or has no fitting value" : "")}.");
        }

        if (form is null) return (null, $"The limits must be JSON such as {Example}.");
        if (!TryRate(form.Rate, out var rate) || !TryRate(form.ConnectionRate, out var connectionRate)) return (null, "A rate is written as 100/1h, or as 10/1s, burst 20 (units ms, s, m, h, d).");
        var limits = new SiteLimitsOverride
        {
            Rate = rate,
            ConnectionRate = connectionRate,
            MaxSessions = form.MaxSessions,
            MessagesPerConnection = form.MessagesPerConnection,
            MaxConnectionAge = form.MaxConnectionAge,
            ConnectionIdle = form.ConnectionIdle,
            ProbeAfter = form.ProbeAfter,
        };
        if (limits == new SiteLimitsOverride()) return (null, $"The order sets no limit: give at least one of {Members}.");
        return limits.Faults().ToList() is { Count: > 0 } faults ? (null, string.Join("; ", faults) + ".") : (limits, null);
    }

    const string Example = """{"rate":"10/1m","maxSessions":2}""";
    const string Members = "rate, connectionRate, maxSessions, messagesPerConnection, maxConnectionAge, connectionIdle, probeAfter";

    static bool TryRate(string? text, out RateLimit? rate)
    {
        rate = null;
        return text is null || RateLimit.TryParse(text, out rate);
    }

    sealed record Form
    {
        public string? Rate { get; init; }
        public string? ConnectionRate { get; init; }
        public int? MaxSessions { get; init; }
        public int? MessagesPerConnection { get; init; }
        public TimeSpan? MaxConnectionAge { get; init; }
        public TimeSpan? ConnectionIdle { get; init; }
        public TimeSpan? ProbeAfter { get; init; }
    }
}
