namespace Orleans.Mail.Submitting;

/// <summary>Calls that may be repeated: tried until they are answered or their time is over.</summary>
sealed class GrainCalls(MailClientOptions options, TimeProvider clock, Func<double> chance)
{
    static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    public Task<T> InvokeAsync<T>(Func<Task<T>> call, MessageId? id, CancellationToken cancellationToken) =>
        InvokeAsync(_ => call(), id, cancellationToken);

    /// <param name="call">Is told the number of the attempt, from 1.</param>
    /// <param name="id">The message concerned.</param>
    /// <param name="cancellationToken">Ends the wait, not the call.</param>
    public async Task<T> InvokeAsync<T>(Func<int, Task<T>> call, MessageId? id, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var outcomeKnown = true;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var remaining = Remaining(started);
                var limit = remaining < options.AttemptTimeout ? remaining : options.AttemptTimeout;
                return await call(attempt).WaitAsync(limit, clock, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OperationCanceledException and not MailException)
            {
                var failure = CallFailure.Of(exception);
                // A later refusal does not undo an earlier try whose answer was lost.
                outcomeKnown &= failure.OutcomeKnown;
                var delay = RetryDelay.Next(attempt, LongestDelay, chance());
                if (!failure.IsTransient || delay >= Remaining(started))
                    throw new MailException(failure.Code, failure.Text, exception) { IsTransient = failure.IsTransient, OutcomeKnown = outcomeKnown, Id = id };
                await Task.Delay(delay, clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    TimeSpan Remaining(long started)
    {
        var remaining = options.CallTimeout - clock.GetElapsedTime(started);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }
}
