namespace Orleans.Mail.Policy.Sites;

/// <summary>Who does not take turns until when. O(1) to ask, O(log parked) to park.</summary>
sealed class FairParking
{
    static readonly Comparer<(DateTimeOffset Until, FairKey Key)> ByTime = Comparer<(DateTimeOffset Until, FairKey Key)>.Create((one, other) =>
        one.Until != other.Until ? one.Until.CompareTo(other.Until)
        : string.CompareOrdinal(one.Key.Tenant, other.Key.Tenant) is var order and not 0 ? order
        : string.CompareOrdinal(one.Key.Campaign, other.Key.Campaign) is var campaigns and not 0 ? campaigns
        : string.CompareOrdinal(one.Key.Domain, other.Key.Domain));

    readonly Dictionary<FairKey, DateTimeOffset> until = [];
    readonly SortedSet<(DateTimeOffset Until, FairKey Key)> byTime = new(ByTime);

    public DateTimeOffset? NextRelease => byTime.Count == 0 ? null : byTime.Min.Until;

    public bool IsParked(string tenant, string campaign, string? domain) =>
        until.Count > 0 && (until.ContainsKey(new FairKey(tenant, null)) || until.ContainsKey(new FairKey(tenant, campaign)) || (domain is not null && until.ContainsKey(FairKey.To(domain))));

    public void Park(FairKey key, DateTimeOffset time)
    {
        Free(key);
        until[key] = time;
        byTime.Add((time, key));
    }

    public bool Free(FairKey key) => until.Remove(key, out var time) && byTime.Remove((time, key));

    public bool TryFreeNext(DateTimeOffset now, out FairKey key)
    {
        key = byTime.Count == 0 ? default : byTime.Min.Key;
        return byTime.Count > 0 && byTime.Min.Until <= now && Free(key);
    }
}
