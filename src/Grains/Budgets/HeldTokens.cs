namespace Orleans.Mail.Grains.Budgets;

/// <summary>Messages that a site was granted and has not sent yet. The next block is twice as large while blocks last for less than the time meant for one.</summary>
sealed class HeldTokens(TimeSpan blockTime)
{
    const int LargestBlock = 1_000;

    DateTimeOffset _grantedAt;
    int _granted;
    int _block = 1;
    bool _isOld;

    public int Count { get; private set; }

    public DateTimeOffset AskAt { get; private set; }

    /// <summary>When those not used are given back.</summary>
    public DateTimeOffset ExpiresAt => _grantedAt + blockTime * 2;

    public bool IsAsking { get; private set; }

    /// <summary>How many to ask for, while so many wait; 0 when it is not the time to ask.</summary>
    public int Want(int waiting, DateTimeOffset now) => IsAsking || Count > 0 || now < AskAt ? 0 : Math.Min(_block, waiting);

    public void Asking() => IsAsking = true;

    public void Answered(BudgetGrant grant, DateTimeOffset now)
    {
        IsAsking = false;
        Count = _granted = grant.Granted;
        _grantedAt = now;
        AskAt = _isOld ? default : grant.NextAt;
        _isOld = false;
    }

    public void Failed(DateTimeOffset askAt)
    {
        IsAsking = _isOld = false;
        AskAt = askAt;
    }

    /// <summary>The limit may be another one: what was said of its next time holds no more.</summary>
    public void AskAgain()
    {
        AskAt = default;
        // So does an answer that is on its way: it may be by the limit before.
        _isOld = IsAsking;
    }

    public void Use(DateTimeOffset now)
    {
        if (Count == 0 || --Count > 0) return;
        if (now - _grantedAt < blockTime) _block = Math.Min(Math.Max(_block, _granted * 2), LargestBlock);
    }

    public void GiveBack() => Count++;

    /// <summary>What was not used in time: others may need it.</summary>
    public int Expire(int waiting, DateTimeOffset now)
    {
        if (Count == 0 || (waiting > 0 && now < ExpiresAt)) return 0;
        var unused = Count;
        _block = Math.Max(1, _granted - unused);
        Count = 0;
        return unused;
    }
}
