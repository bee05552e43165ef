using System.Collections.Concurrent;

namespace Orleans.Mail.Transport.Resolving;

/// <summary>Answers while they hold, and lookups under way, which all who ask share. Bounded.</summary>
sealed class AnswerCache(TimeProvider time, int capacity)
{
    readonly ConcurrentDictionary<string, Lazy<Task<MxAnswer>>> _entries = new(StringComparer.OrdinalIgnoreCase);

    public int Count => _entries.Count;

    /// <summary>The answer that holds, or the one that the lookup gives.</summary>
    public Task<MxAnswer> GetAsync(string domain, Func<string, Task<MxAnswer>> lookup)
    {
        while (true)
        {
            var entry = _entries.GetOrAdd(domain, static (key, ask) => new Lazy<Task<MxAnswer>>(() => ask(key)), lookup);
            var answer = entry.Value;
            if (!IsOver(answer))
            {
                if (_entries.Count > capacity) Trim();
                return answer;
            }

            _entries.TryRemove(new KeyValuePair<string, Lazy<Task<MxAnswer>>>(domain, entry));
        }
    }

    bool IsOver(Task<MxAnswer> answer) =>
        answer.IsCompleted && (!answer.IsCompletedSuccessfully || answer.Result.GoodUntil <= time.GetUtcNow());

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
