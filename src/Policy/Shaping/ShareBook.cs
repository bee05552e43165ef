namespace Orleans.Mail.Policy.Shaping;

/// <summary>What somebody asks of a <see cref="ShareBook"/>.</summary>
/// <param name="Demand">Places that it could use now, those in use among them; 0 gives all back.</param>
/// <param name="InUse">Places in use: they count until they are reported free, whatever share it is given.</param>
/// <param name="Held">The share that it was given and that still holds; 0 for none.</param>
public readonly record struct ShareClaim(int Demand, int InUse, int Held);

/// <summary>
/// Who holds how many of a limited number of places. Shares are max-min fair by demand and end by themselves when they are not renewed; a share is
/// lowered only when its holder comes to renew it, so the sum of all that hold is never above the limit. Not for concurrent use.
/// </summary>
/// <remarks>
/// With more holders than places, a place moves on after one lease while others wait. A book whose predecessor was lost does not know who holds what:
/// until the last lease of that one has ended (<c>quietUntil</c>) it only confirms what holders say they hold.
/// </remarks>
public sealed class ShareBook(int limit, TimeSpan lease, DateTimeOffset quietUntil)
{
    readonly Dictionary<string, Holder> _holders = new(StringComparer.Ordinal);

    public int Limit { get; private set; } = limit;

    /// <summary>Holders with a share or a wish for one.</summary>
    public int Holders => _holders.Count;

    /// <summary>Somebody gets less than it asks for.</summary>
    public bool IsContended => _holders.Values.Any(holder => holder.Count < holder.Demand);

    /// <summary>Another limit; shares above it are lowered as they are renewed.</summary>
    public void Change(int limit) => Limit = limit;

    /// <summary>A holder's share from now on, for one lease.</summary>
    public int Ask(string name, ShareClaim claim, DateTimeOffset now)
    {
        foreach (var (other, holder) in _holders)
            if (holder.Until <= now)
                _holders.Remove(other);
        var demand = Math.Max(claim.Demand, claim.InUse);
        if (demand == 0)
        {
            _holders.Remove(name);
            return 0;
        }

        if (!_holders.TryGetValue(name, out var self)) _holders[name] = self = new Holder { Turn = now };
        (self.Demand, self.InUse, self.Until) = (demand, claim.InUse, now + lease);
        var free = Math.Max(0, Limit - _holders.Values.Sum(holder => ReferenceEquals(holder, self) ? 0 : Math.Max(holder.Count, holder.InUse)));
        var share = now < quietUntil ? Math.Min(claim.Held, demand) : Fair(self, now);
        self.Count = Math.Min(share, free);
        return self.Count;
    }

    int Fair(Holder self, DateTimeOffset now)
    {
        // Its time is up when others have nothing: it goes to the end of the line.
        if (self.Count > 0 && now - self.Turn >= lease && _holders.Values.Any(holder => holder.Count == 0)) self.Turn = now;
        var line = _holders.Values.OrderBy(holder => holder.Turn).ToList();
        return FairShares.Divide(Limit, [.. line.Select(holder => holder.Demand)])[line.IndexOf(self)];
    }

    sealed class Holder
    {
        /// <summary>Since when it waits or is served: the longest first.</summary>
        public DateTimeOffset Turn { get; set; }

        public int Demand { get; set; }

        public int InUse { get; set; }

        public int Count { get; set; }

        public DateTimeOffset Until { get; set; }
    }
}
