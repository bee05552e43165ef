namespace Orleans.Mail.Grains.Budgets;

/// <summary>A site's share of what may go on at once, and what of it is in use.</summary>
sealed class HeldShare
{
    BudgetShare _share;
    bool _isSatisfied = true;

    public int InUse { get; set; }

    public bool IsAsking { get; private set; }

    public DateTimeOffset RenewAt => _share.RenewAt;

    public int At(DateTimeOffset now) => now < _share.ValidUntil ? _share.Count : 0;

    /// <summary>Whether to ask: it is time to, all is in use and more might be had, or half is not needed any more.</summary>
    public bool ShouldAsk(int demand, DateTimeOffset now)
    {
        var held = At(now);
        if (IsAsking || (held == 0 && demand == 0)) return false;
        return now >= _share.RenewAt || demand == 0 || (_isSatisfied && demand > held && InUse >= held) || (demand <= held / 2 && held < int.MaxValue);
    }

    public void Asking() => IsAsking = true;

    public void Answered(BudgetShare share, int demand)
    {
        IsAsking = false;
        _isSatisfied = share.Count >= demand;
        _share = share;
    }

    public void Failed(DateTimeOffset askAt)
    {
        IsAsking = false;
        _share = _share with { RenewAt = askAt };
    }
}
