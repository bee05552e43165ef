namespace Orleans.Mail.Policy.Control;

/// <summary>When bounces put an address on the suppression list.</summary>
/// <param name="HardBounces">Refusals in a row of the address itself.</param>
/// <param name="OtherBounces">Other final refusals in a row.</param>
/// <param name="Duration">How long it stays there.</param>
public sealed record SuppressionThresholds(int HardBounces, int OtherBounces, TimeSpan Duration);

/// <summary>What is kept of an address: whether it is written to, and the bounces in a row that may decide so.</summary>
public sealed record SuppressionRecord
{
    public required string Address { get; init; }

    public string? Tenant { get; init; }

    public string Reason { get; init; } = "";

    public DateTimeOffset Since { get; init; }

    public DateTimeOffset? Until { get; init; }

    public bool IsAutomatic { get; init; }

    /// <summary>False while bounces are only counted.</summary>
    public bool IsSuppressed { get; init; }

    public int HardBounces { get; init; }

    public int OtherBounces { get; init; }

    public bool IsInForceAt(DateTimeOffset now) => IsSuppressed && !(Until <= now);

    /// <summary>Whether the record says nothing any more.</summary>
    public bool IsSpentAt(DateTimeOffset now) => Until <= now;
}

/// <summary>Learns from the final fates of an address.</summary>
public static class SuppressionPolicy
{
    /// <param name="known">What was known; null when nothing was.</param>
    /// <param name="address">The address.</param>
    /// <param name="tenant">Whose mail counts; null when everybody's does.</param>
    /// <param name="category">Why it bounced.</param>
    /// <param name="isHard">Whether the address itself was refused, not this message.</param>
    /// <param name="thresholds">The bounds.</param>
    /// <param name="now">The present.</param>
    public static SuppressionRecord Bounced(SuppressionRecord? known, string address, string? tenant, string category, bool isHard, SuppressionThresholds thresholds, DateTimeOffset now)
    {
        if (known?.IsInForceAt(now) == true) return known;
        var before = known is null || known.IsSpentAt(now) ? new SuppressionRecord { Address = address, Tenant = tenant, Since = now } : known;
        var counted = before with
        {
            HardBounces = isHard ? before.HardBounces + 1 : before.HardBounces,
            OtherBounces = isHard ? before.OtherBounces : before.OtherBounces + 1,
            // A count that nothing adds to is forgotten in time.
            Until = now + thresholds.Duration,
        };
        if (counted.HardBounces < thresholds.HardBounces && counted.OtherBounces < thresholds.OtherBounces) return counted;
        return counted with { IsSuppressed = true, IsAutomatic = true, Since = now, Reason = $"Bounced: {category}." };
    }
}
