namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>What is known about one domain, and the check under way, which all who ask share.</summary>
sealed class MtaStsEntry
{
    readonly Lock _lock = new();
    MtaStsPolicy? _policy;
    DateTimeOffset _fetchedAt;
    DateTimeOffset _nextCheck = DateTimeOffset.MinValue;
    bool _isKnown;
    Task? _check;

    public MtaStsPolicy? PolicyAt(DateTimeOffset now)
    {
        lock (_lock) return _policy is not null && now < _fetchedAt + _policy.MaxAge ? _policy : null;
    }

    /// <summary>Starts a check that is due, and returns it where the answer must be waited for.</summary>
    public Task? CheckIfDue(DateTimeOffset now, Func<Task> check)
    {
        lock (_lock)
        {
            // A policy that ran out is not the knowledge that there is none.
            if (_policy is not null && now >= _fetchedAt + _policy.MaxAge) (_policy, _isKnown) = (null, false);
            if (_check is not { IsCompleted: false } && now >= _nextCheck) _check = check();
            return _policy is null && !_isKnown ? _check : null;
        }
    }

    /// <summary>Whether the policy is the one announced, and young enough.</summary>
    public bool IsFresh(string id, TimeSpan refreshAge, DateTimeOffset now)
    {
        lock (_lock) return _policy?.Id == id && now < _fetchedAt + RefreshAge(_policy, refreshAge);
    }

    public void Take(MtaStsPolicy policy, TimeSpan checkInterval, DateTimeOffset now)
    {
        lock (_lock) (_policy, _fetchedAt) = (policy, now);
        CheckAgainAfter(checkInterval, now);
    }

    public void CheckAgainAfter(TimeSpan interval, DateTimeOffset now)
    {
        lock (_lock)
        {
            _isKnown = true;
            _nextCheck = now + (_policy is null ? interval : RefreshAge(_policy, interval));
        }
    }

    // A minute at least, lest a policy of a few seconds has its host asked without end.
    static TimeSpan RefreshAge(MtaStsPolicy policy, TimeSpan most) => TimeSpan.FromTicks(Math.Max(Math.Min(policy.MaxAge.Ticks / 2, most.Ticks), TimeSpan.TicksPerMinute));
}
