namespace Orleans.Mail.Submitting;

/// <summary>How long to wait before trying again: doubling, with chance, so that many clients do not come back at one moment.</summary>
static class RetryDelay
{
    static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);

    /// <param name="attempt">Failures in a row so far, from 1.</param>
    /// <param name="longest">The bound of the wait.</param>
    /// <param name="chance">From 0 to 1.</param>
    public static TimeSpan Next(int attempt, TimeSpan longest, double chance)
    {
        var full = First * Math.Pow(2, Math.Min(attempt - 1, 20));
        if (full > longest) full = longest;
        return full * (0.5 + chance / 2);
    }
}
