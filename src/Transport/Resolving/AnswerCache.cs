using System.Collections.Concurrent;

namespace Orleans.Mail.Transport.Resolving;

/// <summary>Answers while they hold, and lookups under way, which all who ask share. Bounded.</summary>
sealed class AnswerCache<TAnswer>(Func<TAnswer, DateTimeOffset> goodUntil, TimeProvider time, int capacity)
{
    readonly ConcurrentDictionary<string, Lazy<Task<TAnswer>>> _entries = new(StringComparer.OrdinalIgnoreCase);

    public int Count => _entries.Count;

    /// <summary>The answer that holds, or the one that the lookup gives.</summary>
    public Task<TAnswer> GetAsync(string domain, Func<string, Task<TAnswer>> lookup)
    {
        while (true)
        {
            var entry = _entries.GetOrAdd(domain, static (key, ask) => new Lazy<Task<TAnswer>>(() => ask(key)), lookup);
            var answer = entry.Value;
            if (!IsOver(answer))
            {
                if (_entries.Count > capacity) Trim();
                return answer;
            }

            _entries.TryRemove(new KeyValuePair<string, Lazy<Task<TAnswer>>>(domain, entry));
        }
    }

    /// <summary>The answer that holds; default where there is none yet.</summary>
    public TAnswer? Known(string domain) =>
        _entries.TryGetValue(domain, out var entry) && entry.IsValueCreated && entry.Value.IsCompletedSuccessfully && !IsOver(entry.Value) ? entry.Value.Result : default;

    bool IsOver(Task<TAnswer> answer) =>
        answer.IsCompleted && (!answer.IsCompletedSuccessfully || goodUntil(answer.Result) <= time.GetUtcNow());

    // What is over goes first; where that is not enough, a tenth of the rest goes, whichever comes first.
    void Trim()
    {
        foreach (var entry in _entries)
            if (entry.Value.IsValueCreated && IsOver(entry.Value.Value))
                _entries.TryRemove(entry);
        var excess = _entries.Count - capacity * 9 / 10;
        if (_entries.Count <= capacity) return;
        foreach (var entry in _entries)
        {
            if (excess-- <= 0) break;
            _entries.TryRemove(entry);
        }
    }
}
