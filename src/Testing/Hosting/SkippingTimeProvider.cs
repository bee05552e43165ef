namespace Orleans.Mail.Testing;

/// <summary>
/// A clock that runs like any other and can be put forward. What waits for a moment sees it come; what measures a duration, such as the time limit
/// of a connection, is not disturbed by a skip.
/// </summary>
sealed class SkippingTimeProvider : TimeProvider
{
    long _skippedTicks;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref _skippedTicks));

    public void Skip(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        Interlocked.Add(ref _skippedTicks, time.Ticks);
    }
}
