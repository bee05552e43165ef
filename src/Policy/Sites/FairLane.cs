namespace Orleans.Mail.Policy.Sites;

/// <summary>Everything of one priority. Who is parked keeps its items and leaves the ring, so nobody ever looks at it in passing.</summary>
sealed class FairLane<T>(Func<FairKey, int>? weight, FairParking parking)
{
    readonly Dictionary<string, FairTenant<T>> _tenants = new(StringComparer.Ordinal);
    readonly FairRing<FairTenant<T>> _turns = new();

    /// <summary>Items waiting, parked ones too.</summary>
    public int Count { get; private set; }

    /// <summary>Items of those that take turns.</summary>
    public int Ready { get; private set; }

    /// <summary>Since when the item waits that is next; the far future when there is none.</summary>
    public DateTimeOffset NextSince => _turns.IsEmpty ? DateTimeOffset.MaxValue : _turns.Front.Turns.Front.First!.Since;

    public FairTicket<T> Add(FairKey key, DateTimeOffset since, T item)
    {
        ArgumentNullException.ThrowIfNull(key.Tenant);
        var place = (key.Campaign ?? "", key.Domain);
        if (!_tenants.TryGetValue(key.Tenant, out var tenant)) _tenants[key.Tenant] = tenant = new FairTenant<T>(key.Tenant);
        if (!tenant.Flows.TryGetValue(place, out var flow)) tenant.Flows[place] = flow = new FairFlow<T>(this, tenant, place.Item1, place.Domain);
        var ticket = new FairTicket<T>(item, since);
        flow.Add(ticket);
        Count++;
        if (flow.Place is null) Settle(flow);
        else CountReady(tenant, 1);
        return ticket;
    }

    public T Take()
    {
        var tenant = _turns.Front;
        var flow = tenant.Turns.Front;
        var ticket = flow.First!;
        // Who is left without items leaves in Remove; a turn counts only for those who stay.
        if (flow.Count > 1) tenant.Turns.TurnTaken(WeightOf(flow));
        Remove(ticket);
        if (tenant.Place is not null) _turns.TurnTaken(WeightOf(tenant));
        return ticket.Item;
    }

    public void Remove(FairTicket<T> ticket)
    {
        var flow = ticket.Flow!;
        var tenant = flow.Tenant;
        flow.Remove(ticket);
        Count--;
        if (flow.Place is not null) CountReady(tenant, -1);
        if (flow.Count > 0) return;
        if (flow.Place is not null) Settle(flow);
        tenant.Flows.Remove((flow.Campaign, flow.Domain));
        if (tenant.Flows.Count == 0) _tenants.Remove(tenant.Name);
    }

    /// <summary>Takes out all items of a tenant, of one of its campaigns, or of a domain.</summary>
    public void RemoveAll(FairKey filter, List<T> removed)
    {
        foreach (var flow in Matching(filter))
            while (flow.First is { } ticket)
            {
                Remove(ticket);
                removed.Add(ticket.Item);
            }
    }

    /// <summary>The tenant, campaign or domain was parked, or is free again.</summary>
    public void Settle(FairKey key)
    {
        foreach (var flow in Matching(key)) Settle(flow);
    }

    /// <summary>Items of this lane that go before, at the turns of now.</summary>
    public int Ahead(FairTicket<T> ticket)
    {
        var flow = ticket.Flow!;
        var tenant = flow.Tenant;
        var inTenant = Before(tenant.Turns, flow, flow.Ahead(ticket), WeightOf, other => other.Count);
        var inLane = Before(_turns, tenant, inTenant, WeightOf, other => other.Ready);
        return (int)Math.Min(inLane, Count - 1);
    }

    // While one member takes so many turns, another takes as many by weight, if it has them; one more where it stands before.
    static long Before<TMember>(FairRing<TMember> ring, TMember self, long turns, Func<TMember, int> weightOf, Func<TMember, int> items)
        where TMember : class
    {
        var (sum, stands) = (turns, weightOf(self));
        var before = true;
        foreach (var other in ring.Members)
            if (ReferenceEquals(other, self)) before = false;
            else sum += Math.Min(items(other), (turns / stands + (before ? 1 : 0)) * weightOf(other));
        return sum;
    }

    void Settle(FairFlow<T> flow)
    {
        var tenant = flow.Tenant;
        var joins = flow.Count > 0 && !parking.IsParked(tenant.Name, flow.Campaign, flow.Domain);
        if (joins == flow.Place is not null) return;
        if (joins)
        {
            flow.Place = tenant.Turns.Join(flow);
            tenant.Place ??= _turns.Join(tenant);
            CountReady(tenant, flow.Count);
            return;
        }

        CountReady(tenant, -flow.Count);
        tenant.Turns.Leave(flow.Place!);
        flow.Place = null;
        if (!tenant.Turns.IsEmpty) return;
        _turns.Leave(tenant.Place!);
        tenant.Place = null;
    }

    void CountReady(FairTenant<T> tenant, int more)
    {
        tenant.Ready += more;
        Ready += more;
    }

    FairFlow<T>[] Matching(FairKey key)
    {
        if (key.IsEverybody) return [.. _tenants.Values.SelectMany(tenant => tenant.Flows.Values).Where(flow => flow.Domain == key.Domain)];
        if (!_tenants.TryGetValue(key.Tenant, out var tenant)) return [];
        return key.Campaign is null ? [.. tenant.Flows.Values] : [.. tenant.Flows.Values.Where(flow => flow.Campaign == key.Campaign)];
    }

    int WeightOf(FairTenant<T> tenant) => WeightOf(new FairKey(tenant.Name, null));

    int WeightOf(FairFlow<T> flow) => WeightOf(new FairKey(flow.Tenant.Name, flow.Campaign));

    int WeightOf(FairKey key) => weight is null ? 1 : Math.Max(1, weight(key));
}
