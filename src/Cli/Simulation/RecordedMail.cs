using System.Collections.Immutable;
using System.Text.Json;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Simulation;

namespace Orleans.Mail.Cli.Simulation;

/// <summary>Mail as it went: lines of <c>orleans-mail events tail -o json</c>, made into a scenario's mail with the answers it got.</summary>
/// <remarks>Each recipient counts as a message. Events tell no priority, so all of it is Normal. After its recorded answers the scenario's receiver decides.</remarks>
sealed class RecordedMail(string? domain)
{
    readonly Dictionary<string, (DateTimeOffset At, string Tenant, string? Campaign)> _accepted = new(StringComparer.Ordinal);
    readonly Dictionary<(string Message, string Recipient), List<AnswerModel>> _answers = [];
    readonly Dictionary<(string Message, int Attempt), DateTimeOffset> _begun = [];
    readonly List<TimeSpan> _dialogues = [];

    /// <summary>Half of the recorded dialogues took no longer; null when none is recorded.</summary>
    public TimeSpan? Latency => _dialogues.Count == 0 ? null : _dialogues.Order().ElementAt(_dialogues.Count / 2);

    /// <exception cref="JsonException">The line is no event.</exception>
    public void Read(string line)
    {
        using var document = JsonDocument.Parse(line);
        var item = document.RootElement;
        if (Text(item, "messageId") is not { } message || Text(item, "type") is not { } type || Text(item, "tenant") is not { } tenant || !item.TryGetProperty("at", out var time))
            throw new JsonException("Not an event: it has no messageId, type, tenant or at.");
        var at = time.GetDateTimeOffset();
        _accepted.TryAdd(message, (at, tenant, Text(item, "campaign")));
        var attempt = item.TryGetProperty("attempt", out var number) ? number.GetInt32() : 0;
        if (type == EventType.Attempting.Name) _begun[(message, attempt)] = at;
        if (Text(item, "recipient") is not { } recipient || (domain is not null && !recipient.EndsWith("@" + domain, StringComparison.OrdinalIgnoreCase))) return;
        var list = _answers.TryGetValue((message, recipient), out var known) ? known : _answers[(message, recipient)] = [];
        if (Answer(type, item) is not { } answer) return;
        list.Add(answer);
        if (_begun.TryGetValue((message, attempt), out var start) && at > start) _dialogues.Add(at - start);
    }

    public ImmutableArray<MailGroup> Groups()
    {
        if (_answers.Count == 0) return [];
        var first = _answers.Keys.Min(key => _accepted[key.Message].At);
        return
        [
            .. _answers.Select(entry => (Facts: _accepted[entry.Key.Message], entry.Value)).OrderBy(entry => entry.Facts.At)
                .Select(entry => new MailGroup { Tenant = entry.Facts.Tenant, Campaign = entry.Facts.Campaign, At = entry.Facts.At - first, Answers = [.. entry.Value] }),
        ];
    }

    static AnswerModel? Answer(string type, JsonElement item)
    {
        if (type == EventType.Delivered.Name) return new AnswerModel();
        var isPermanent = type == EventType.Bounced.Name;
        if (!isPermanent && type != EventType.Deferred.Name && type != EventType.Uncertain.Name) return null;
        var category = Text(item, "category") is { } named && Categories.All.Contains(named) ? named : Categories.Unknown;
        return new AnswerModel { Category = category, Permanent = isPermanent, Reply = item.TryGetProperty("reply", out var reply) ? Text(reply, "text") ?? "" : "" };
    }

    static string? Text(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
