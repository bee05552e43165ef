namespace Orleans.Mail.Policy.Shaping;

/// <summary>
/// So many in a day (UTC), across crashes: what may be granted is first reserved durably, some at a time; what was reserved and not granted when
/// the process died counts as used. So a crash costs at most one reservation, and never lets more through.
/// </summary>
/// <param name="Day">The day that it counts.</param>
/// <param name="Used">Granted on that day.</param>
/// <param name="Reserved">Durable: at most so many are granted before the next reservation.</param>
public sealed record DayQuota(DateOnly Day, int Used, int Reserved)
{
    /// <summary>A hundredth of the day is reserved at once.</summary>
    const int Reservations = 100;

    /// <summary>What is known after a crash: only the reservation.</summary>
    public static DayQuota Recover(DateOnly day, int reserved) => new(day, reserved, reserved);

    public static DayQuota Fresh(DateTimeOffset now) => new(DayOf(now), 0, 0);

    /// <summary>The same, on the day that it is now. A clock that went back opens no new day.</summary>
    public DayQuota At(DateTimeOffset now) => DayOf(now) > Day ? Fresh(now) : this;

    /// <summary>What the day has left.</summary>
    public int Left(int limit) => Math.Max(0, limit - Used);

    /// <summary>The same with a reservation that covers <paramref name="want"/>, as far as the limit goes. To be stored before it is used.</summary>
    public DayQuota Reserve(int want, int limit)
    {
        var need = Used + Math.Min(want, Left(limit));
        return need <= Reserved ? this : this with { Reserved = Math.Min(limit, need + Math.Max(1, limit / Reservations)) };
    }

    /// <summary>The same after so many were granted, or given back where it is negative.</summary>
    public DayQuota Use(int granted) => this with { Used = Math.Max(0, Used + granted) };

    /// <summary>When the next day begins.</summary>
    public DateTimeOffset NextDay => new(Day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    static DateOnly DayOf(DateTimeOffset now) => DateOnly.FromDateTime(now.UtcDateTime);
}
