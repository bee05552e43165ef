namespace Orleans.Mail.Api;

/// <summary>Silos that are not there yet are waited for; readiness and the log tell it.</summary>
sealed partial class SiloWait(TimeProvider clock, ILogger<SiloWait> log) : IClientConnectionRetryFilter
{
    static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    int _tries;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        LogWaits(exception.Message);
        var wait = Step * ++_tries;
        await Task.Delay(wait < Longest ? wait : Longest, clock, cancellationToken);
        return !cancellationToken.IsCancellationRequested;
    }

    [LoggerMessage(1, LogLevel.Warning, "No silo can be reached yet; it is tried again: {Reason}")]
    partial void LogWaits(string reason);
}
