namespace Orleans.Mail.Storage.Events;

/// <summary>What is known in memory of the events of one shard: the newest, the bounds, and who waits for more.</summary>
sealed class ShardEvents(int capacity)
{
    readonly Lock _gate = new();
    readonly DeliveryEvent[] _ring = new DeliveryEvent[capacity];
    long _ringFirst = 1;
    long _last;
    long _first = 1;
    TaskCompletionSource? _signal;

    public long Last => Volatile.Read(ref _last);

    public long First => Volatile.Read(ref _first);

    /// <summary>Takes the bounds from disk and forgets the events in memory.</summary>
    public void Load(long firstKept, long lastKept)
    {
        lock (_gate)
        {
            _first = firstKept;
            _last = lastKept;
            _ringFirst = lastKept + 1;
        }

        Signal();
    }

    /// <summary>Shows events that are durable now.</summary>
    public void Publish(List<DeliveryEvent> events)
    {
        lock (_gate)
        {
            var next = _last;
            foreach (var item in events) _ring[(int)(++next % _ring.Length)] = item;
            _ringFirst = Math.Max(_ringFirst, next - _ring.Length + 1);
            Volatile.Write(ref _last, next);
        }

        Signal();
    }

    /// <summary>Keeps events that were read, where those in memory follow them without a gap.</summary>
    public void Keep(List<NumberedEvent> read)
    {
        lock (_gate)
        {
            if (read.Count == 0 || read[^1].Number < _ringFirst - 1) return;
            for (var i = read.Count - 1; i >= 0 && read[i].Number > _last - _ring.Length; i--)
            {
                if (read[i].Number >= _ringFirst) continue;
                if (read[i].Number < _ringFirst - 1) return;
                _ring[(int)(read[i].Number % _ring.Length)] = read[i].Event;
                _ringFirst = read[i].Number;
            }
        }
    }

    public void Removed(long newFirst)
    {
        lock (_gate)
        {
            _first = newFirst;
            _ringFirst = Math.Max(_ringFirst, newFirst);
        }
    }

    /// <summary>Events after a number from memory; null when some of them are only on disk.</summary>
    public NumberedEvent[]? TryRead(long after, int limit)
    {
        lock (_gate)
        {
            var from = Math.Max(after + 1, _first);
            if (from < _ringFirst) return null;
            var count = (int)Math.Clamp(_last - from + 1, 0, limit);
            var result = new NumberedEvent[count];
            for (var i = 0; i < count; i++) result[i] = new NumberedEvent(from + i, _ring[(int)((from + i) % _ring.Length)]);
            return result;
        }
    }

    public Task WaitAsync(long after, CancellationToken cancellationToken)
    {
        if (Last > after) return Task.CompletedTask;
        Task task;
        lock (_gate)
        {
            if (_last > after) return Task.CompletedTask;
            _signal ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task = _signal.Task;
        }

        return AgainAsync(task, after, cancellationToken);
    }

    public void Close(Exception reason)
    {
        TaskCompletionSource? waiters;
        lock (_gate)
        {
            waiters = _signal;
            _signal = null;
        }

        waiters?.TrySetException(reason);
    }

    async Task AgainAsync(Task task, long after, CancellationToken cancellationToken)
    {
        await task.WaitAsync(cancellationToken).ConfigureAwait(false);
        await WaitAsync(after, cancellationToken).ConfigureAwait(false);
    }

    void Signal()
    {
        TaskCompletionSource? waiters;
        lock (_gate)
        {
            waiters = _signal;
            _signal = null;
        }

        waiters?.TrySetResult();
    }
}
