namespace Orleans.Mail.Policy.Sites;

/// <summary>An item's place in a <see cref="FairQueue{T}"/>. One small object an item.</summary>
public sealed class FairTicket<T>
{
    internal FairTicket(T item, DateTimeOffset since)
    {
        Item = item;
        Since = since;
    }

    public T Item { get; }

    /// <summary>Since when it waits: when it was added, or earlier where it came back.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>Whether it still waits.</summary>
    public bool IsQueued => Flow is not null;

    /// <summary>The domain by which it takes turns; null where its key had none, or it does not wait.</summary>
    public string? Domain => Flow?.Domain;

    internal long Number { get; set; }
    internal bool Returned { get; set; }
    internal FairFlow<T>? Flow { get; set; }
    internal FairTicket<T>? Previous { get; set; }
    internal FairTicket<T>? Next { get; set; }
}

/// <summary>
/// The items of one campaign of one tenant (to one domain, where that is limited), oldest first. Those that come as they age form a list; one that is older than the list's last, since it
/// was released after an outage or handed back, goes to a sorted set, so that only such ones cost more than O(1).
/// </summary>
sealed class FairFlow<T>(FairLane<T> lane, FairTenant<T> tenant, string campaign, string? domain)
{
    static readonly Comparer<FairTicket<T>> ByAge =
        Comparer<FairTicket<T>>.Create((one, other) => one.Since == other.Since ? one.Number.CompareTo(other.Number) : one.Since.CompareTo(other.Since));

    FairTicket<T>? _first;
    FairTicket<T>? _last;
    SortedSet<FairTicket<T>>? _returned;
    long _numbers;

    public FairLane<T> Lane => lane;
    public FairTenant<T> Tenant => tenant;
    public string Campaign => campaign;

    /// <summary>The domain that all of it goes to, where that takes turns on its own.</summary>
    public string? Domain => domain;

    /// <summary>Its place among the campaigns that take turns; null while parked.</summary>
    public LinkedListNode<FairFlow<T>>? Place { get; set; }

    public int Count { get; private set; }

    public FairTicket<T>? First => _returned?.Min is { } back && (_first is null || ByAge.Compare(back, _first) < 0) ? back : _first;

    public void Add(FairTicket<T> ticket)
    {
        ticket.Flow = this;
        ticket.Number = _numbers++;
        Count++;
        if (_last is not null && ticket.Since < _last.Since)
        {
            ticket.Returned = true;
            (_returned ??= new SortedSet<FairTicket<T>>(ByAge)).Add(ticket);
            return;
        }

        ticket.Previous = _last;
        if (_last is null) _first = ticket;
        else _last.Next = ticket;
        _last = ticket;
    }

    public void Remove(FairTicket<T> ticket)
    {
        Count--;
        ticket.Flow = null;
        if (ticket.Returned)
        {
            _returned!.Remove(ticket);
            return;
        }

        if (ticket.Previous is null) _first = ticket.Next;
        else ticket.Previous.Next = ticket.Next;
        if (ticket.Next is null) _last = ticket.Previous;
        else ticket.Next.Previous = ticket.Previous;
        ticket.Previous = null;
        ticket.Next = null;
    }

    /// <summary>About how many of the flow go before: exact while none was taken out of its place and none came back.</summary>
    public int Ahead(FairTicket<T> ticket)
    {
        var back = _returned?.Count ?? 0;
        // A returned one is among the returned in the order of its coming, which is nearly that of age.
        var ahead = ticket.Returned ? ticket.Number - _returned!.Min!.Number : ticket.Number - _first!.Number + back;
        return (int)Math.Clamp(ahead, 0, (ticket.Returned ? back : Count) - 1);
    }
}

/// <summary>The campaigns of one tenant in one lane, in turn.</summary>
sealed class FairTenant<T>(string name)
{
    public string Name => name;
    public Dictionary<(string Campaign, string? Domain), FairFlow<T>> Flows { get; } = [];

    /// <summary>The campaigns that wait and are not parked.</summary>
    public FairRing<FairFlow<T>> Turns { get; } = new();

    /// <summary>Its place among the tenants that take turns; null while it or all its campaigns are parked.</summary>
    public LinkedListNode<FairTenant<T>>? Place { get; set; }

    /// <summary>Items of campaigns that are not parked.</summary>
    public int Ready { get; set; }
}
