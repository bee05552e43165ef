using System.Diagnostics.CodeAnalysis;

namespace Orleans.Mail.Policy.Sites;

/// <summary>Who an item belongs to: the units of fairness.</summary>
/// <param name="Tenant">Who sends.</param>
/// <param name="Campaign">Its group; null for none, or in a filter for all.</param>
/// <param name="Domain">The recipient domain where that is to be parked on its own: the campaign's mail to it takes turns as a campaign of its own.</param>
public readonly record struct FairKey(string Tenant, string? Campaign, string? Domain = null)
{
    /// <summary>Everybody's mail to a domain: for parking and taking out, not for items. No tenant is called by nothing.</summary>
    public static FairKey To(string domain) => new("", null, domain);

    internal bool IsEverybody => Tenant.Length == 0;
}

/// <summary>When lower priorities get their turn.</summary>
public sealed record FairQueueOptions
{
    /// <summary>A waiting lower lane gets one of this many turns. Default 16.</summary>
    public int Share { get; init; } = 16;

    /// <summary>The same, once the lane's next item has waited <see cref="AgedAfter"/>. Default 4; at least 3, so that High keeps half.</summary>
    public int AgedShare { get; init; } = 4;

    /// <summary>How long an item of a lower lane waits before its lane counts as aged. Default 15 minutes.</summary>
    public TimeSpan AgedAfter { get; init; } = TimeSpan.FromMinutes(15);

    public static FairQueueOptions Default { get; } = new();
}

/// <summary>
/// A queue that is fair. Three lanes by priority; inside a lane tenants take turns, inside a tenant its campaigns do, inside a campaign the oldest
/// goes first. Adding, taking and removing cost O(1), whatever waits (O(log n) for one that comes back older than what waits). Not for concurrent use.
/// </summary>
/// <remarks>
/// Bounds, each held by a test. (1) High goes before all else, except that at most one Normal and one Bulk item may be due first.
/// (2) While anything waits in a lower lane, that lane gets a turn after at most <see cref="FairQueueOptions.Share"/> turns of higher lanes, and
/// after at most <see cref="FairQueueOptions.AgedShare"/> once it is aged; so nothing starves. (3) Of two tenants that both wait in a lane, each with weight w,
/// neither gets more than w turns ahead of the other, however many items or campaigns it has; the same for two campaigns of a tenant.
/// (4) So n items of High, alone in their lane, are done after at most n × k/(k-1) + 2 turns with k - 1 = <see cref="FairQueueOptions.Share"/>, or
/// <see cref="FairQueueOptions.AgedShare"/> for one aged lane: 6 or 25 % later than with nothing else waiting. (5) Who is parked costs others nothing and
/// loses only its turns meanwhile: free again, it waits for at most one round of its lane.
/// </remarks>
public sealed class FairQueue<T>
{
    // Highest first.
    readonly FairLane<T>[] _lanes;
    readonly int[] _passedOver = new int[3];
    readonly FairParking _parking = new();
    readonly FairQueueOptions _options;

    /// <param name="weight">Turns a tenant or a campaign (where the key has one) takes at a time; null for 1 each. Values below 1 count as 1.</param>
    /// <param name="options">Shares of the lanes.</param>
    public FairQueue(Func<FairKey, int>? weight = null, FairQueueOptions? options = null)
    {
        _options = options ?? FairQueueOptions.Default;
        if (_options.AgedShare < 3 || _options.Share < _options.AgedShare)
            throw new ArgumentException("A lower lane gets at most every third turn, and no fewer when aged.", nameof(options));
        _lanes = [new FairLane<T>(weight, _parking), new FairLane<T>(weight, _parking), new FairLane<T>(weight, _parking)];
    }

    /// <summary>Items waiting.</summary>
    public int Count => _lanes[0].Count + _lanes[1].Count + _lanes[2].Count;

    /// <summary>Items waiting in one lane.</summary>
    public int CountOf(Priority priority) => _lanes[LaneOf(priority)].Count;

    /// <summary>Items of those that are not parked: what <see cref="TryDequeue"/> could take.</summary>
    public int ReadyCount => _lanes[0].Ready + _lanes[1].Ready + _lanes[2].Ready;

    /// <summary>The same, with those whose time in the park is over.</summary>
    public int ReadyAt(DateTimeOffset now)
    {
        while (_parking.TryFreeNext(now, out var free)) Settle(free);
        return ReadyCount;
    }

    /// <summary>When the next that is parked comes back; null when nobody is.</summary>
    public DateTimeOffset? NextRelease => _parking.NextRelease;

    /// <summary>Adds an item; the handle takes it out again (<see cref="Remove"/>).</summary>
    /// <param name="key">Whose it is.</param>
    /// <param name="priority">Its lane.</param>
    /// <param name="since">Now, or earlier for one that waited elsewhere: it goes before the younger ones of its campaign.</param>
    /// <param name="item">The item.</param>
    public FairTicket<T> Enqueue(FairKey key, Priority priority, DateTimeOffset since, T item)
    {
        var lane = LaneOf(priority);
        if (_lanes[lane].Count == 0) _passedOver[lane] = 0;
        return _lanes[lane].Add(key, since, item);
    }

    /// <summary>Takes the next item of those that are not parked.</summary>
    public bool TryDequeue(DateTimeOffset now, [MaybeNullWhen(false)] out T item)
    {
        ReadyAt(now);
        var chosen = Choose(now);
        if (chosen < 0)
        {
            item = default;
            return false;
        }

        for (var lower = chosen + 1; lower < _lanes.Length; lower++)
            if (_lanes[lower].Ready > 0)
                _passedOver[lower]++;
        _passedOver[chosen] = 0;
        item = _lanes[chosen].Take();
        return true;
    }

    /// <summary>Keeps a tenant, one campaign of it, or a domain, from its turns until a time. A later call replaces the time. Costs O(its campaigns), for a domain O(all campaigns).</summary>
    /// <param name="key">A null campaign means all of the tenant.</param>
    /// <param name="until">The maximum value means until <see cref="Unpark"/>.</param>
    public void Park(FairKey key, DateTimeOffset until)
    {
        _parking.Park(key, until);
        Settle(key);
    }

    /// <summary>Ends <see cref="Park"/> of the same key. False when it was not parked.</summary>
    public bool Unpark(FairKey key)
    {
        if (!_parking.Free(key)) return false;
        Settle(key);
        return true;
    }

    /// <summary>Takes out all items of a tenant, of one campaign of it, or of a domain, highest priority and oldest first. Costs O(items taken).</summary>
    /// <param name="filter">A null campaign means all of the tenant.</param>
    public IReadOnlyList<T> RemoveWhere(FairKey filter)
    {
        var removed = new List<T>();
        foreach (var lane in _lanes) lane.RemoveAll(filter, removed);
        return removed;
    }

    /// <summary>
    /// About how many items go before this one if none comes or leaves; for a parked one, if it were free. Costs O(tenants of the lane), nothing by item.
    /// </summary>
    public int Ahead(FairTicket<T> ticket, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        if (ticket.Flow is not { } flow) return 0;
        var own = Array.IndexOf(_lanes, flow.Lane);
        if (own < 0) return 0;
        long ahead = flow.Lane.Ahead(ticket);
        // A lane goes on at its share while higher ones wait; lower ones get theirs meanwhile.
        ahead += Math.Min(_lanes.Take(own).Sum(higher => (long)higher.Ready), (ahead + 1) * ShareOf(own, now));
        for (var lower = own + 1; lower < _lanes.Length; lower++) ahead += Math.Min(_lanes[lower].Ready, ahead / ShareOf(lower, now));
        return (int)Math.Min(ahead, Count - 1);
    }

    /// <summary>Takes one item out of its place. False when it is not waiting any more.</summary>
    public bool Remove(FairTicket<T> ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        if (ticket.Flow is not { } flow || !Array.Exists(_lanes, lane => ReferenceEquals(lane, flow.Lane))) return false;
        flow.Lane.Remove(ticket);
        return true;
    }

    // The lowest lane that is owed a turn, else the highest that waits. Lowest first: else two owed lanes could keep a third waiting.
    int Choose(DateTimeOffset now)
    {
        var highest = -1;
        for (var lane = _lanes.Length - 1; lane >= 0; lane--)
        {
            if (_lanes[lane].Ready == 0) continue;
            highest = lane;
            if (lane > 0 && _passedOver[lane] >= ShareOf(lane, now)) return lane;
        }

        return highest;
    }

    void Settle(FairKey key)
    {
        foreach (var lane in _lanes) lane.Settle(key);
    }

    int ShareOf(int lane, DateTimeOffset now) => now - _lanes[lane].NextSince >= _options.AgedAfter ? _options.AgedShare : _options.Share;

    static int LaneOf(Priority priority) => priority switch { Priority.High => 0, Priority.Bulk => 2, _ => 1 };
}
