namespace Orleans.Mail.Submitting;

/// <summary>
/// Makes few calls out of many submissions without making any of them wait: a submission goes at once while fewer than the allowed number of
/// calls is under way, and those that come meanwhile go together with the next call.
/// </summary>
sealed class SubmitQueue(IGrainFactory grains, MailClientOptions options, TimeProvider clock)
{
    readonly Lock _lock = new();
    readonly Queue<PendingSubmit> _waiting = new();
    IMailServiceGrain? _service;
    int _inFlight;

    // Not before the first call: a client made while its host starts up cannot name grains yet.
    IMailServiceGrain Service => _service ??= grains.GetGrain<IMailServiceGrain>(0);

    public void Add(PendingSubmit pending)
    {
        if (pending.Request.Content.Length > options.MaxBatchedDraftBytes)
        {
            if (pending.TrySend()) Detach(() => SendAloneAsync(pending));
            return;
        }

        lock (_lock)
        {
            _waiting.Enqueue(pending);
            if (_inFlight >= options.MaxBatchesInFlight) return;
            _inFlight++;
        }

        Detach(SendAsync);
    }

    // The calls serve many callers: they run outside any grain's turn, and without the ambient context of the caller who happened to start them.
    static void Detach(Func<Task> work)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            _ = Task.Run(work);
            return;
        }

        using (ExecutionContext.SuppressFlow()) _ = Task.Run(work);
    }

    async Task SendAsync()
    {
        var batch = new List<PendingSubmit>();
        while (Take(batch))
        {
            await SendAsync(batch).ConfigureAwait(false);
            batch.Clear();
        }
    }

    bool Take(List<PendingSubmit> batch)
    {
        var bytes = 0L;
        lock (_lock)
        {
            while (batch.Count < options.MaxBatchDrafts && _waiting.TryPeek(out var next))
            {
                bytes += next.Request.Content.Length;
                if (batch.Count > 0 && bytes > options.MaxBatchBytes) break;
                _waiting.Dequeue();
                if (next.TrySend()) batch.Add(next);
                else bytes -= next.Request.Content.Length;
            }

            if (batch.Count == 0) _inFlight--;
            return batch.Count > 0;
        }
    }

    async Task SendAsync(List<PendingSubmit> batch)
    {
        var requests = new SubmitRequest[batch.Count];
        for (var i = 0; i < requests.Length; i++) requests[i] = batch[i].Request;
        try
        {
            var results = await Service.SubmitManyAsync(requests).WaitAsync(options.AttemptTimeout, clock).ConfigureAwait(false);
            if (results.Length != requests.Length) throw new InvalidOperationException("The mail service gave another number of answers than it was asked for.");
            for (var i = 0; i < results.Length; i++) batch[i].SetResult(new SubmitAnswer(results[i], null));
        }
        catch (Exception exception)
        {
            // One request that the call stumbles over must not fail those that happen to travel with it.
            if (batch.Count > 1 && !CallFailure.Of(exception).IsTransient) await Task.WhenAll(batch.Select(SendAloneAsync)).ConfigureAwait(false);
            else foreach (var pending in batch) pending.SetResult(new SubmitAnswer(null, exception));
        }
    }

    async Task SendAloneAsync(PendingSubmit pending)
    {
        try
        {
            var message = grains.GetGrain<IMessageGrain>(pending.Request.Id.ToString());
            pending.SetResult(new SubmitAnswer(await message.SubmitAsync(pending.Request).WaitAsync(options.AttemptTimeout, clock).ConfigureAwait(false), null));
        }
        catch (Exception exception)
        {
            pending.SetResult(new SubmitAnswer(null, exception));
        }
    }
}
