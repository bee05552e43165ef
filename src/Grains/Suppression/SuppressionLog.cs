namespace Orleans.Mail.Grains.Suppression;

/// <summary>The names on the list, as hashes, and the newest changes for those who follow.</summary>
sealed class SuppressionLog(long epoch)
{
    const int MaxChanges = 10_000;

    readonly HashSet<ulong> _names = [];
    readonly Queue<(ulong Name, bool IsAdded)> _changes = [];
    TaskCompletionSource _changed = NewSignal();
    long _number;

    public int Count => _names.Count;

    /// <summary>Completes at the next change.</summary>
    public Task Changed => _changed.Task;

    public bool IsUpToDate(long knownEpoch, long after) => knownEpoch == epoch && after == _number;

    public void Set(ulong name, bool isListed)
    {
        if (!(isListed ? _names.Add(name) : _names.Remove(name))) return;
        _changes.Enqueue((name, isListed));
        if (_changes.Count > MaxChanges) _changes.Dequeue();
        _number++;
        var changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    public SuppressionNews After(long knownEpoch, long after)
    {
        var missed = _number - after;
        if (knownEpoch != epoch || missed < 0 || missed > _changes.Count) return new SuppressionNews(epoch, _number, true, [.. _names], []);
        // Of a name that came and went only where it stands now counts.
        var names = _changes.Skip(_changes.Count - (int)missed).Select(change => change.Name).Distinct().ToLookup(_names.Contains);
        return new SuppressionNews(epoch, _number, false, [.. names[true]], [.. names[false]]);
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
