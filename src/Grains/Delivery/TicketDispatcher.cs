using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Messages;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>
/// Carries tickets from message grains to domain grains, many in one call: while a call to a site is under way, further tickets of that site
/// gather for the next. A ticket that is lost here costs time, not mail: the sweep finds its message.
/// </summary>
sealed partial class TicketDispatcher(IGrainFactory grains, ILogger<TicketDispatcher> log)
{
    // Sites with a sender running; removed when nothing gathers any more.
    readonly ConcurrentDictionary<string, Gathering> _sites = new();

    // Sites with a long queue at the last call.
    readonly ConcurrentDictionary<string, bool> _long = new();

    public void Send(string site, Ticket ticket)
    {
        while (true)
        {
            var gathering = _sites.GetOrAdd(site, static _ => new Gathering());
            switch (gathering.Add(ticket))
            {
                case AddResult.Added: return;
                case AddResult.AddedFirst:
                    _ = SendAsync(site, gathering);
                    return;
                case AddResult.Closed: continue;
            }
        }
    }

    /// <summary>Whether so many tickets stand in front of a site that a message had better wait outside memory, as of the last call.</summary>
    public bool IsLong(string site) => _long.ContainsKey(site);

    const int LongQueue = 20_000;

    async Task SendAsync(string site, Gathering gathering)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (gathering.Take() is { Length: > 0 } tickets)
        {
            try
            {
                var answer = await grains.GetGrain<IDomainGrain>(site).EnqueueAsync(tickets).ConfigureAwait(false);
                if (answer.Queued > LongQueue) _long[site] = true;
                else _long.TryRemove(site, out _);
                if (answer.BusyUntil is { } until) await PostponeAsync(site, tickets.AsMemory(answer.Taken), until, answer.Spacing).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                LogLost(site, tickets.Length, exception);
            }
        }

        _sites.TryRemove(KeyValuePair.Create(site, gathering));
    }

    async Task PostponeAsync(string site, ReadOnlyMemory<Ticket> refused, DateTimeOffset until, TimeSpan spacing)
    {
        for (var i = 0; i < refused.Length; i += 64)
        {
            var first = i;
            await Task.WhenAll(refused.Slice(i, Math.Min(64, refused.Length - i)).ToArray().Select((ticket, j) =>
                grains.GetGrain<IMessageDeliveryGrain>(ticket.Message.ToString()).PostponeAsync(site, until + spacing * (first + j)))).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1301, LogLevel.Warning, "{Count} tickets for {Site} could not be queued; the sweep looks after them.")]
    partial void LogLost(string site, int count, Exception exception);

    enum AddResult { Added, AddedFirst, Closed }

    sealed class Gathering
    {
        readonly Lock _lock = new();
        List<Ticket> _tickets = [];
        bool _isSending;
        bool _isClosed;

        public AddResult Add(Ticket ticket)
        {
            lock (_lock)
            {
                if (_isClosed) return AddResult.Closed;
                _tickets.Add(ticket);
                if (_isSending) return AddResult.Added;
                _isSending = true;
                return AddResult.AddedFirst;
            }
        }

        public Ticket[] Take()
        {
            lock (_lock)
            {
                var taken = _tickets.ToArray();
                _isClosed = taken.Length == 0;
                _tickets.Clear();
                return taken;
            }
        }
    }
}
