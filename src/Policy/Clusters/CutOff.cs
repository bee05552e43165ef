namespace Orleans.Mail.Policy.Clusters;

/// <summary>
/// Since when a silo has been without storage while others of its cluster have it: its share of the mail stands still, and would go on where they are.
/// What is away for all of them is waited for, since whoever left would find nothing better.
/// </summary>
/// <param name="Since">Null while it reaches storage, or nobody is known to.</param>
public readonly record struct CutOff(DateTimeOffset? Since)
{
    /// <summary>After a look at both.</summary>
    public CutOff Look(bool reachesStorage, bool doesAnotherSilo, DateTimeOffset now) => reachesStorage || !doesAnotherSilo ? default : new CutOff(Since ?? now);

    /// <summary>Whether it should end, so that the others open its shards. A patience of zero never ends.</summary>
    public bool IsToLeave(TimeSpan patience, DateTimeOffset now) => patience > TimeSpan.Zero && now - Since >= patience;
}
