namespace Orleans.Mail.Testing;

/// <summary>The time of a <see cref="MailTestHost"/>: runs by itself, and days pass in a moment where a test says so.</summary>
public sealed class TestClock
{
    // A wait that no status tells of, such as for a site that is left alone, is crossed in steps of this length.
    static readonly TimeSpan BlindStep = TimeSpan.FromMinutes(1);

    // No event for this long: what is under way waits for time to pass.
    static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    readonly SkippingTimeProvider _time;
    readonly IMailClient _client;

    internal TestClock(SkippingTimeProvider time, IMailClient client) => (_time, _client) = (time, client);

    public DateTimeOffset UtcNow => _time.GetUtcNow();

    /// <summary>Puts the clock forward at once.</summary>
    public void Advance(TimeSpan time) => _time.Skip(time);

    /// <summary>
    /// Lets time pass, from one due moment to the next, until every message is final, but no longer than <paramref name="atMost"/> of the
    /// service's time. True when everything is final.
    /// </summary>
    public async Task<bool> AdvanceUntilIdleAsync(TimeSpan atMost, CancellationToken cancellationToken = default)
    {
        var end = UtcNow + atMost;
        while (true)
        {
            var live = await SettleAsync(cancellationToken).ConfigureAwait(false);
            if (live.Count == 0) return true;
            var now = UtcNow;
            if (now >= end) return false;
            var next = live.Select(status => NextMoment(status, now)).Min() ?? now + BlindStep;
            Advance((next < end ? next : end) - now);
        }
    }

    /// <summary>The messages that wait for a later moment, once nothing else happens any more.</summary>
    async Task<List<MessageStatus>> SettleAsync(CancellationToken cancellationToken)
    {
        var before = "";
        var since = _time.GetTimestamp();
        while (true)
        {
            var live = await _client.ListAsync(cancellationToken: cancellationToken).Where(status => !status.IsFinal).ToListAsync(cancellationToken).ConfigureAwait(false);
            var now = UtcNow;
            if (live.TrueForAll(status => NextMoment(status, now) is not null)) return live;
            var seen = string.Join('\n', live.Select(status => $"{status.Id} {status.State} {status.AttemptCount} {status.NextAttemptAt:O}"));
            if (seen != before) (before, since) = (seen, _time.GetTimestamp());
            else if (_time.GetElapsedTime(since) >= Quiet) return live;
            await Task.Delay(Look, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>When something is due for a message that only waits; null for one that is due, queued or under way.</summary>
    static DateTimeOffset? NextMoment(MessageStatus status, DateTimeOffset now)
    {
        if (status.State == MailState.Delivering || status.NextAttemptAt is not { } next || next <= now) return null;
        return status.ExpiresAt < next && status.ExpiresAt > now ? status.ExpiresAt : next;
    }
}
