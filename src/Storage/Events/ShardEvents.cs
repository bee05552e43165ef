namespace Orleans.Mail.Storage.Events;

/// <summary>What is known in memory of the events of one shard: the newest, the bounds, and who waits for more.</summary>
sealed class ShardEvents(int capacity)
{
    readonly Lock gate = new();
    readonly DeliveryEvent[] ring = new DeliveryEvent[capacity];
    long ringFirst = 1;
    long last;
    long first = 1;
    TaskCompletionSource? signal;

    public long Last => Volatile.Read(ref last);

    public long First => Volatile.Read(ref first);

    /// <summary>Takes the bounds from disk and forgets the events in memory.</summary>
    public void Load(long firstKept, long lastKept)
    {
        lock (gate)
        {
            first = firstKept;
            last = lastKept;
            ringFirst = lastKept + 1;
        }

        Signal();
    }

    /// <summary>Shows events that are durable now.</summary>
    public void Publish(List<DeliveryEvent> events)
    {
        lock (gate)
        {
            var next = last;
            foreach (var item in events) ring[(int)(++next % ring.Length)] = item;
            ringFirst = Math.Max(ringFirst, next - ring.Length + 1);
            Volatile.Write(ref last, next);
        }

        Signal();
    }

    public void Removed(long newFirst)
    {
        lock (gate)
        {
            first = newFirst;
            ringFirst = Math.Max(ringFirst, newFirst);
        }
    }

    /// <summary>Events after a number from memory; null when some of them are only on disk.</summary>
    public NumberedEvent[]? TryRead(long after, int limit)
    {
        lock (gate)
        {
            var from = Math.Max(after + 1, first);
            if (from < ringFirst) return null;
            var count = (int)Math.Clamp(last - from + 1, 0, limit);
            var result = new NumberedEvent[count];
            for (var i = 0; i < count; i++) result[i] = new NumberedEvent(from + i, ring[(int)((from + i) % ring.Length)]);
            return result;
        }
    }

    public Task WaitAsync(long after, CancellationToken cancellationToken)
    {
        if (Last > after) return Task.CompletedTask;
        Task task;
        lock (gate)
        {
            if (last > after) return Task.CompletedTask;
            signal ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task = signal.Task;
        }

        return AgainAsync(task, after, cancellationToken);
    }

    public void Close(Exception reason)
    {
        TaskCompletionSource? waiters;
        lock (gate)
        {
            waiters = signal;
            signal = null;
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
        lock (gate)
        {
            waiters = signal;
            signal = null;
        }

        waiters?.TrySetResult();
    }
}
