namespace Orleans.Mail.Policy.Shaping;

/// <summary>A relay or a source that may be chosen.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Tier">The lowest tier with anybody usable is chosen from; others wait as reserve.</param>
/// <param name="Weight">Share inside its tier; 0 is never chosen.</param>
/// <param name="IsUsable">Whether its health allows it.</param>
public readonly record struct Candidate(string Name, int Tier, double Weight, bool IsUsable = true);

/// <summary>Picks a relay out of a pool, or a source.</summary>
public static class WeightedChoice
{
    /// <summary>The chosen one; null when none is usable.</summary>
    /// <param name="candidates">In any order; the same order and chance choose the same.</param>
    /// <param name="chance">0 to 1.</param>
    /// <param name="sticky">Chosen whatever its tier if it is usable: a receiver that greylisted a source waits for that source.</param>
    public static Candidate? Choose(IReadOnlyList<Candidate> candidates, double chance, string? sticky = null)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        var usable = candidates.Where(candidate => candidate.IsUsable && candidate.Weight > 0).ToList();
        if (sticky is not null && usable.FindIndex(candidate => candidate.Name == sticky) is var index and >= 0) return usable[index];
        if (usable.Count == 0) return null;
        var tier = usable.Min(candidate => candidate.Tier);
        usable.RemoveAll(candidate => candidate.Tier != tier);
        var left = Math.Clamp(chance, 0, 1) * usable.Sum(candidate => candidate.Weight);
        foreach (var candidate in usable)
            if ((left -= candidate.Weight) < 0)
                return candidate;
        return usable[^1];
    }
}
