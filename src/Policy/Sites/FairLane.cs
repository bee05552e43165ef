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

    /// <summary>When it was added.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>Whether it still waits.</summary>
    public bool IsQueued => Flow is not null;

    internal FairFlow<T>? Flow { get; set; }
    internal FairTicket<T>? Previous { get; set; }
    internal FairTicket<T>? Next { get; set; }
}

/// <summary>The items of one campaign of one tenant, first in, first out.</summary>
sealed class FairFlow<T>(FairLane<T> lane, FairTenant<T> tenant, string? campaign)
{
    FairTicket<T>? last;

    public FairLane<T> Lane => lane;
    public FairTenant<T> Tenant => tenant;
    public string Campaign { get; } = campaign ?? "";
    public LinkedListNode<FairFlow<T>>? Place { get; set; }
    public FairTicket<T>? First { get; private set; }

    public void Add(FairTicket<T> ticket)
    {
        ticket.Flow = this;
        ticket.Previous = last;
        if (last is null) First = ticket;
        else last.Next = ticket;
        last = ticket;
    }

    public void Remove(FairTicket<T> ticket)
    {
        if (ticket.Previous is null) First = ticket.Next;
        else ticket.Previous.Next = ticket.Next;
        if (ticket.Next is null) last = ticket.Previous;
        else ticket.Next.Previous = ticket.Previous;
        ticket.Flow = null;
        ticket.Previous = null;
        ticket.Next = null;
    }
}

/// <summary>The campaigns of one tenant, in turn.</summary>
sealed class FairTenant<T>(string name)
{
    public string Name => name;
    public Dictionary<string, FairFlow<T>> Flows { get; } = new(StringComparer.Ordinal);
    public FairRing<FairFlow<T>> Turns { get; } = new();
    public LinkedListNode<FairTenant<T>>? Place { get; set; }
}

/// <summary>
/// Deficit round robin (Shreedhar and Varghese, 1995) for items of equal cost: the member in front takes as many turns as its weight,
/// then goes to the end. A member that leaves and returns starts anew at the end, so leaving earns nothing.
/// </summary>
sealed class FairRing<TMember>
{
    readonly LinkedList<TMember> members = new();
    int taken;

    public TMember Front => members.First!.Value;

    public bool IsEmpty => members.Count == 0;

    public LinkedListNode<TMember> Join(TMember member) => members.AddLast(member);

    public void Leave(LinkedListNode<TMember> place)
    {
        if (ReferenceEquals(place, members.First)) taken = 0;
        members.Remove(place);
    }

    /// <summary>The member in front had one turn.</summary>
    public void TurnTaken(int weight)
    {
        if (++taken < weight) return;
        taken = 0;
        var place = members.First!;
        members.RemoveFirst();
        members.AddLast(place);
    }
}

/// <summary>Everything of one priority.</summary>
sealed class FairLane<T>(Func<FairKey, int>? weight)
{
    readonly Dictionary<string, FairTenant<T>> tenants = new(StringComparer.Ordinal);
    readonly FairRing<FairTenant<T>> turns = new();

    public int Count { get; private set; }

    /// <summary>Since when the item waits that is next; the far future when there is none.</summary>
    public DateTimeOffset NextSince => turns.IsEmpty ? DateTimeOffset.MaxValue : turns.Front.Turns.Front.First!.Since;

    public FairTicket<T> Add(FairKey key, DateTimeOffset now, T item)
    {
        ArgumentNullException.ThrowIfNull(key.Tenant);
        if (!tenants.TryGetValue(key.Tenant, out var tenant))
        {
            tenants[key.Tenant] = tenant = new FairTenant<T>(key.Tenant);
            tenant.Place = turns.Join(tenant);
        }

        if (!tenant.Flows.TryGetValue(key.Campaign ?? "", out var flow))
        {
            tenant.Flows[key.Campaign ?? ""] = flow = new FairFlow<T>(this, tenant, key.Campaign);
            flow.Place = tenant.Turns.Join(flow);
        }

        var ticket = new FairTicket<T>(item, now);
        flow.Add(ticket);
        Count++;
        return ticket;
    }

    public T Take()
    {
        var tenant = turns.Front;
        var flow = tenant.Turns.Front;
        var ticket = flow.First!;
        // Who is left without items leaves in Remove; a turn counts only for those who stay.
        if (ticket.Next is not null) tenant.Turns.TurnTaken(WeightOf(new FairKey(tenant.Name, flow.Campaign)));
        Remove(ticket);
        if (tenant.Place is not null) turns.TurnTaken(WeightOf(new FairKey(tenant.Name, null)));
        return ticket.Item;
    }

    public void Remove(FairTicket<T> ticket)
    {
        var flow = ticket.Flow!;
        flow.Remove(ticket);
        Count--;
        if (flow.First is not null) return;
        var tenant = flow.Tenant;
        tenant.Turns.Leave(flow.Place!);
        tenant.Flows.Remove(flow.Campaign);
        if (!tenant.Turns.IsEmpty) return;
        turns.Leave(tenant.Place!);
        tenant.Place = null;
        tenants.Remove(tenant.Name);
    }

    int WeightOf(FairKey key) => weight is null ? 1 : Math.Max(1, weight(key));
}
