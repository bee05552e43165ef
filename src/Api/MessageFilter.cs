namespace Orleans.Mail.Api;

/// <summary>Which messages to list. A state may be named in any case.</summary>
sealed record MessageFilter(string? Tenant, string? State, string? Campaign, string? Tag, int? Limit)
{
    /// <summary>Everything that is wrong with it, by parameter.</summary>
    public Dictionary<string, string[]> Faults()
    {
        var faults = new Dictionary<string, string[]>();
        if (Limit is < 1) faults["limit"] = ["must be at least 1"];
        if (State is not null && MailState.Find(State) is null) faults["state"] = [$"must be one of {string.Join(", ", MailState.Known)}"];
        return faults;
    }

    public ListQuery ToQuery() => new() { Tenant = Tenant, State = State is null ? null : MailState.Find(State), Campaign = Campaign, Tag = Tag };
}
