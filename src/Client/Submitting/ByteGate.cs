namespace Orleans.Mail.Submitting;

/// <summary>Lets in as many octets as there is room for, in order of arrival. One that is larger than all the room goes in alone.</summary>
sealed class ByteGate(long capacity)
{
    readonly Lock _lock = new();
    readonly LinkedList<Waiter> _waiters = [];
    long _inside;

    public ValueTask EnterAsync(long bytes, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_waiters.Count == 0 && HasRoom(bytes))
            {
                _inside += bytes;
                return ValueTask.CompletedTask;
            }

            waiter = new Waiter(bytes);
            _waiters.AddLast(waiter);
        }

        return new ValueTask(WaitAsync(waiter, limit, clock, cancellationToken));
    }

    public void Leave(long bytes)
    {
        lock (_lock)
        {
            _inside -= bytes;
            Admit();
        }
    }

    async Task WaitAsync(Waiter waiter, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            await waiter.Task.WaitAsync(limit, clock, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            lock (_lock)
            {
                // Admitted at the very moment of giving up: the room goes to the next.
                if (!_waiters.Remove(waiter)) _inside -= waiter.Bytes;
                Admit();
            }

            throw;
        }
    }

    void Admit()
    {
        while (_waiters.First is { } first && HasRoom(first.Value.Bytes))
        {
            _waiters.RemoveFirst();
            _inside += first.Value.Bytes;
            first.Value.SetResult();
        }
    }

    bool HasRoom(long bytes) => _inside == 0 || _inside + bytes <= capacity;

    sealed class Waiter(long bytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Bytes { get; } = bytes;
    }
}
