namespace Orleans.Mail.Ledger;

/// <summary>How hard a <see cref="Submitter"/> presses.</summary>
public sealed record SubmitterPace
{
    /// <summary>0 for as fast as the answers come.</summary>
    public double MessagesPerSecond { get; init; }

    public int Concurrent { get; init; } = 64;

    public int Messages { get; init; } = int.MaxValue;

    /// <summary>Number of the first message.</summary>
    public int First { get; init; }
}

/// <summary>How many submissions ended how.</summary>
public sealed record SubmitterTotals(long Accepted, long Unknown, long Refused);

/// <summary>Generates mail, hands it to a delegate, and writes the answer to the submit ledger only once it is there.</summary>
/// <param name="submit">Submits one message. An exception counts as <see cref="SubmitOutcome.Unknown"/>.</param>
public sealed class Submitter(MailGenerator generator, DurableLines<SubmittedLine> ledger, Func<LedgerMail, Task<SubmitOutcome>> submit, TimeProvider clock)
{
    long _accepted, _unknown, _refused;
    Exception? _ledgerFault;

    public SubmitterTotals Totals => new(Interlocked.Read(ref _accepted), Interlocked.Read(ref _unknown), Interlocked.Read(ref _refused));

    /// <summary>Submits until the number is reached or <paramref name="stop"/> is cancelled, then waits for the answers that are still out.</summary>
    public async Task<SubmitterTotals> RunAsync(SubmitterPace pace, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(pace);
        using var places = new SemaphoreSlim(pace.Concurrent);
        var start = clock.GetTimestamp();
        try
        {
            for (var i = 0; i < pace.Messages; i++)
            {
                await PaceAsync(pace, start, i, stop);
                await places.WaitAsync(stop);
                _ = SubmitOneAsync(generator.Next(pace.First + i), places);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop: what is out is still waited for.
        }

        for (var i = 0; i < pace.Concurrent; i++) await places.WaitAsync(CancellationToken.None);
        return _ledgerFault is null ? Totals : throw new IOException("The submit ledger could not be written.", _ledgerFault);
    }

    async Task PaceAsync(SubmitterPace pace, long start, int sent, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        if (pace.MessagesPerSecond <= 0) return;
        var ahead = TimeSpan.FromSeconds(sent / pace.MessagesPerSecond) - clock.GetElapsedTime(start);
        if (ahead > TimeSpan.Zero) await Task.Delay(ahead, clock, stop);
    }

    async Task SubmitOneAsync(LedgerMail mail, SemaphoreSlim places)
    {
        // Generation stays the caller's; the submission itself must not hold it up.
        await Task.Yield();
        try
        {
            var outcome = await AskAsync(mail);
            await ledger.AppendAsync(new SubmittedLine(mail.Id, mail.Recipients, clock.GetUtcNow(), outcome, mail.Sha256, mail.Content.Length));
            Interlocked.Increment(ref outcome == SubmitOutcome.Accepted ? ref _accepted : ref outcome == SubmitOutcome.Refused ? ref _refused : ref _unknown);
        }
        catch (IOException exception)
        {
            _ledgerFault = exception;
        }
        finally
        {
            places.Release();
        }
    }

    async Task<SubmitOutcome> AskAsync(LedgerMail mail)
    {
        try
        {
            return await submit(mail);
        }
#pragma warning disable CA1031 // Whatever went wrong, the submitter does not know what the service did.
        catch (Exception)
#pragma warning restore CA1031
        {
            return SubmitOutcome.Unknown;
        }
    }
}
