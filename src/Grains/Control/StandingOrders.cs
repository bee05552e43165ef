using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Policy.Control;

namespace Orleans.Mail.Grains.Control;

/// <summary>
/// The standing orders as this silo knows them: read without a lock or a call. Behind the control grain by the time of a call, or by
/// <see cref="ControlOptions.PollTime"/> when an answer was lost; while the control grain cannot be reached, what was known before holds.
/// </summary>
sealed class StandingOrders : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    readonly IGrainFactory _grains;
    readonly LongPoll _poll;
    readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    OrderBook _book = OrderBook.Empty;

    public StandingOrders(IGrainFactory grains, IOptions<ControlOptions> options, TimeProvider clock, ILogger<StandingOrders> log)
    {
        _grains = grains;
        _poll = new LongPoll("standing orders", () => RefreshAsync(Version), options.Value.RetryDelay, clock, log);
    }

    /// <summary>Told after every change, on no thread in particular.</summary>
    public event Action? Changed;

    public long Version => Book.Version;

    public OrderBook Book => Volatile.Read(ref _book);

    /// <summary>Completes when the orders are known for the first time: until then no attempt may begin, since an order could forbid it.</summary>
    public Task ReadyAsync() => _ready.Task;

    /// <summary>The suspension that forbids an attempt now and lasts longest.</summary>
    public bool TryFindSuspension(in OrderTarget target, DateTimeOffset now, [NotNullWhen(true)] out StandingOrder? suspension)
    {
        suspension = Book.FindSuspension(target, now);
        return suspension is not null;
    }

    /// <summary>Completes when this silo knows at least that version.</summary>
    public async Task EnsureAsync(long version)
    {
        while (Version < version) await RefreshAsync(Version).ConfigureAwait(false);
    }

    public void Participate(ISiloLifecycle lifecycle) => _poll.Participate(lifecycle);

    public void Dispose() => _poll.Dispose();

    async Task RefreshAsync(long known)
    {
        var snapshot = await _grains.GetGrain<IControlGrain>(0).WaitForChangeAsync(known).ConfigureAwait(false);
        Adopt(new OrderBook(snapshot));
        _ready.TrySetResult();
    }

    // Answers may overtake each other; versions only grow.
    void Adopt(OrderBook book)
    {
        OrderBook before;
        do
        {
            before = Book;
            if (book.Version <= before.Version) return;
        }
        while (Interlocked.CompareExchange(ref _book, book, before) != before);

        Changed?.Invoke();
    }
}
