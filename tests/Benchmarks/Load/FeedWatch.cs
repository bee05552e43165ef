using System.Diagnostics;

namespace Orleans.Mail.Benchmarks.Load;

/// <summary>Follows the feed of the whole service and keeps what the figures need.</summary>
sealed class FeedWatch : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    readonly object _gate = new();
    readonly Dictionary<MessageId, long> _submitted = [];
    readonly Dictionary<MessageId, long> _delivered = [];
    readonly HashSet<MessageId> _deferred = [];
    readonly Dictionary<MessageId, DateTimeOffset> _due = [];
    readonly List<double> _latenessMs = [];
    readonly CancellationTokenSource _stop = new();
    readonly TaskCompletionSource _hasArrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    long _deliveredCount, _deferredCount;
    bool _isWatching;

    /// <summary>Returns when events arrive: when one of the messages that <paramref name="submitMarker"/> submits shows up.</summary>
    public async Task StartAsync(IMailClient mail, Func<Task> submitMarker)
    {
        _isWatching = true;
        _ = FollowAsync(mail);
        while (!_hasArrived.Task.IsCompleted)
        {
            await submitMarker();
            await Task.WhenAny(_hasArrived.Task, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    public void Submitted(MessageId id, long began)
    {
        if (!_isWatching) return;
        lock (_gate)
        {
            _submitted[id] = began;
            if (_delivered.ContainsKey(id)) _deliveredCount++;
            if (_deferred.Contains(id)) _deferredCount++;
        }
    }

    public Task WaitForAsync(EventType type, long count) =>
        WaitAsync(() => (type == EventType.Delivered ? _deliveredCount : _deferredCount, count));

    public Task WaitForLatenessAsync(int count) => WaitAsync(() => (_latenessMs.Count, count));

    /// <summary>From the call of SubmitAsync to the receipt of the event in this process.</summary>
    public (double P50, double P99) DeliveryPercentiles()
    {
        lock (_gate)
        {
            double[] values = [.. _delivered.Where(pair => _submitted.ContainsKey(pair.Key)).Select(pair => Stopwatch.GetElapsedTime(_submitted[pair.Key], pair.Value).TotalMilliseconds)];
            return (Figures.Percentile(values, 0.5), Figures.Percentile(values, 0.99));
        }
    }

    /// <summary>From the announced time of an attempt to its start.</summary>
    public (double P50, double P99) LatenessPercentiles()
    {
        lock (_gate)
        {
            double[] values = [.. _latenessMs];
            return (Figures.Percentile(values, 0.5), Figures.Percentile(values, 0.99));
        }
    }

    async Task FollowAsync(IMailClient mail)
    {
        try
        {
            await foreach (var item in mail.SubscribeAsync(cancellationToken: _stop.Token))
            {
                _hasArrived.TrySetResult();
                lock (_gate) Note(item);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    void Note(DeliveryEvent item)
    {
        if (item.Type == EventType.Delivered)
        {
            if (_delivered.TryAdd(item.MessageId, Stopwatch.GetTimestamp()) && _submitted.ContainsKey(item.MessageId)) _deliveredCount++;
        }
        else if (item.Type == EventType.Deferred)
        {
            if (_deferred.Add(item.MessageId) && _submitted.ContainsKey(item.MessageId)) _deferredCount++;
            if (item.NextAttemptAt is { } due) _due[item.MessageId] = due;
        }
        else if (item.Type == EventType.Attempting && _due.Remove(item.MessageId, out var due))
        {
            _latenessMs.Add((item.At - due).TotalMilliseconds);
        }
    }

    /// <summary>Waits as long as it goes forward.</summary>
    async Task WaitAsync(Func<(long Now, long Wanted)> progress)
    {
        var (seen, since) = (-1L, Stopwatch.GetTimestamp());
        while (true)
        {
            long now, wanted;
            lock (_gate) (now, wanted) = progress();
            if (now >= wanted) return;
            if (now != seen) (seen, since) = (now, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(since) > Patience) throw new TimeoutException($"{now} of {wanted} events came, and none for {Patience}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
