namespace Orleans.Mail.Policy.Shaping;

/// <summary>Divides a number of places max-min fairly: who asks for little gets it, and what is left is shared evenly by those who ask for more.</summary>
public static class FairShares
{
    /// <summary>The shares, in the order of the demands. Their sum is the limit, or the sum of the demands where that is less.</summary>
    /// <param name="limit">Places to divide.</param>
    /// <param name="demands">What each asks for; the first get the odd places.</param>
    public static int[] Divide(int limit, IReadOnlyList<int> demands)
    {
        ArgumentNullException.ThrowIfNull(demands);
        var shares = new int[demands.Count];
        var left = Math.Max(0, limit);
        // By demand: once a share is smaller than the demand, it is so for all that follow.
        var order = Enumerable.Range(0, demands.Count).OrderBy(index => demands[index]).ToArray();
        var open = order.Length;
        foreach (var index in order)
        {
            if (demands[index] > left / open) break;
            shares[index] = Math.Max(0, demands[index]);
            left -= shares[index];
            open--;
        }

        var wanting = order[(order.Length - open)..];
        Array.Sort(wanting);
        for (var i = 0; i < wanting.Length; i++) shares[wanting[i]] = Math.Min(demands[wanting[i]], left / open + (i < left % open ? 1 : 0));
        return shares;
    }
}
