namespace Orleans.Mail.Policy.Sites;

/// <summary>Who does not take turns until when. O(1) to ask, O(log parked) to park.</summary>
sealed class FairParking
{
    static readonly Comparer<(DateTimeOffset Until, FairKey Key)> ByTime = Comparer<(DateTimeOffset Until, FairKey Key)>.Create((one, other) =>
        one.Until != other.Until ? one.Until.CompareTo(other.Until)
        : string.CompareOrdinal(one.Key.Tenant, other.Key.Tenant) is var order and not 0 ? order
        : string.CompareOrdinal(one.Key.Campaign, other.Key.Campaign) is var campaigns and not 0 ? campaigns
        : string.CompareOrdinal(one.Key.Domain, other.Key.Domain));

    readonly Dictionary<FairKey, DateTimeOffset> _until = [];
    readonly SortedSet<(DateTimeOffset Until, FairKey Key)> _byTime = new(ByTime);

    public DateTimeOffset? NextRelease => _byTime.Count == 0 ? null : _byTime.Min.Until;

    public bool IsParked(string tenant, string campaign, string? domain) =>
        _until.Count > 0 && (_until.ContainsKey(new FairKey(tenant, null)) || _until.ContainsKey(new FairKey(tenant, campaign)) || (domain is not null && _until.ContainsKey(FairKey.To(domain))));

    public void Park(FairKey key, DateTimeOffset time)
    {
        Free(key);
        _until[key] = time;
        _byTime.Add((time, key));
    }

    public bool Free(FairKey key) => _until.Remove(key, out var time) && _byTime.Remove((time, key));

    public bool TryFreeNext(DateTimeOffset now, out FairKey key)
    {
        key = _byTime.Count == 0 ? default : _byTime.Min.Key;
        return _byTime.Count > 0 && _byTime.Min.Until <= now && Free(key);
    }
}
