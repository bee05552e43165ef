namespace Orleans.Mail.Submitting;

/// <summary>Tries one submission, always under the same id, until it is answered for good or its time is over.</summary>
sealed class Submitter(SubmitQueue queue, MailClientOptions options, TimeProvider clock, Func<double> chance)
{
    static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    readonly ByteGate _gate = new(options.MaxPendingBytes);

    public async Task<SubmitReceipt> SubmitAsync(SubmitRequest request, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var bytes = request.Content.Length + 512L + request.Recipients.Length * 64L;
        try
        {
            await _gate.EnterAsync(bytes, options.SubmitTimeout, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            throw new MailException(MailErrorCode.Busy, "Too many submissions of this process wait for an answer.", exception) { IsTransient = true, Id = request.Id };
        }

        try
        {
            return await TryAsync(request, started, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Leave(bytes);
        }
    }

    async Task<SubmitReceipt> TryAsync(SubmitRequest request, long started, CancellationToken cancellationToken)
    {
        var outcomeKnown = true;
        for (var attempt = 1; ; attempt++)
        {
            var pending = new PendingSubmit(request);
            queue.Add(pending);
            var answer = await AnswerAsync(pending, Remaining(started), cancellationToken).ConfigureAwait(false);
            if (answer.Result?.Receipt is { } receipt) return receipt;

            var failure = answer.Result is { } result ? CallFailure.Of(result) : CallFailure.Of(answer.Exception!);
            // A later refusal to try does not undo an earlier try of unknown outcome; a verdict on the message itself does tell.
            outcomeKnown = (failure.OutcomeKnown || !answer.WasSent) && (outcomeKnown || !failure.IsTransient);
            var delay = RetryDelay.Next(attempt, LongestDelay, chance());
            if (answer.Result?.RetryAfter is { } asked && asked > delay) delay = asked;
            if (!failure.IsTransient || answer.IsLast || delay >= Remaining(started)) throw Failed(request, answer, failure, outcomeKnown);
            await Task.Delay(delay, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    async Task<SubmitAnswer> AnswerAsync(PendingSubmit pending, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            return await pending.Task.WaitAsync(limit, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            return new SubmitAnswer(null, exception, IsLast: true, WasSent: !pending.Abandon());
        }
        catch (OperationCanceledException)
        {
            pending.Abandon();
            throw;
        }
    }

    TimeSpan Remaining(long started)
    {
        var remaining = options.SubmitTimeout - clock.GetElapsedTime(started);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }

    static MailException Failed(SubmitRequest request, SubmitAnswer answer, CallFailure failure, bool outcomeKnown)
    {
        var faults = answer.Result?.Faults ?? [];
        var text = failure.Code == MailErrorCode.InvalidDraft ? MailException.Invalid(faults).Message : failure.Text;
        return new MailException(failure.Code, text, answer.Exception)
        {
            IsTransient = failure.IsTransient,
            OutcomeKnown = outcomeKnown,
            RetryAfter = answer.Result?.RetryAfter,
            Id = request.Id,
            Faults = faults,
        };
    }
}
