using System.Collections.Concurrent;
using System.Globalization;

namespace Orleans.Mail.Ledger;

/// <summary>How often the sink misbehaves, each a share from 0 to 1.</summary>
public sealed record FaultShares
{
    public static FaultShares None { get; } = new();

    public double Rcpt4xx { get; init; }

    /// <summary>Decided by the address alone: who is unknown stays unknown.</summary>
    public double Rcpt5xx { get; init; }

    public double Dot4xx { get; init; }

    public double DropBeforeDot { get; init; }

    /// <summary>The copy is taken and noted, and the connection cut without a reply.</summary>
    public double DropAfterDot { get; init; }

    public double Slow { get; init; }

    public TimeSpan SlowFor { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Reads <c>rcpt4xx=0.05,drop-after-dot=0.01</c> and the like.</summary>
    public static FaultShares Parse(string? text)
    {
        var shares = None;
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=', 2);
            if (pair.Length != 2 || !double.TryParse(pair[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
                throw new FormatException($"'{part}' is not name=number.");
            if (pair[0] != "slow-ms" && value > 1) throw new FormatException($"The share of {pair[0]} is over 1.");
            shares = pair[0] switch
            {
                "rcpt4xx" => shares with { Rcpt4xx = value },
                "rcpt5xx" => shares with { Rcpt5xx = value },
                "dot4xx" => shares with { Dot4xx = value },
                "drop-before-dot" => shares with { DropBeforeDot = value },
                "drop-after-dot" => shares with { DropAfterDot = value },
                "slow" => shares with { Slow = value },
                "slow-ms" => shares with { SlowFor = TimeSpan.FromMilliseconds(value) },
                _ => throw new FormatException($"There is no fault called '{pair[0]}'."),
            };
        }

        return shares;
    }
}

/// <summary>
/// Draws faults by seed: the n-th visit of an address or message meets the same fate in every run with the same seed,
/// whatever else arrives in between.
/// </summary>
public sealed class FaultDice(FaultShares shares, int seed)
{
    readonly ConcurrentDictionary<string, int> _visits = new(StringComparer.Ordinal);

    public FaultShares Shares => shares;

    public bool RefusesForGood(string recipient) => shares.Rcpt5xx > 0 && Draw("rcpt5xx", recipient, 0) < shares.Rcpt5xx;

    public bool RefusesNow(string recipient) => Falls("rcpt4xx", recipient, shares.Rcpt4xx);

    public bool DropsBeforeDot(string recipient) => Falls("drop-before-dot", recipient, shares.DropBeforeDot);

    public bool RefusesAtDot(string id) => Falls("dot4xx", id, shares.Dot4xx);

    public bool DropsAfterDot(string id) => Falls("drop-after-dot", id, shares.DropAfterDot);

    public bool IsSlow(string id) => Falls("slow", id, shares.Slow);

    bool Falls(string fault, string key, double share) =>
        share > 0 && Draw(fault, key, _visits.AddOrUpdate($"{fault} {key}", 1, static (_, count) => count + 1)) < share;

    double Draw(string fault, string key, int visit)
    {
        // FNV-1a, then the SplitMix64 finalizer to spread its low entropy over all bits.
        var hash = 14695981039346656037UL;
        foreach (var character in fault) hash = (hash ^ character) * 1099511628211UL;
        foreach (var character in key) hash = (hash ^ character) * 1099511628211UL;
        hash ^= ((ulong)(uint)seed << 32) | (uint)visit;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9UL;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBUL;
        hash ^= hash >> 31;
        return (hash >> 11) * (1.0 / (1UL << 53));
    }
}
