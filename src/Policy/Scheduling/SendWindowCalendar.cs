using System.Buffers;

namespace Orleans.Mail.Policy.Scheduling;

/// <summary>
/// When a window of hours is open. Where clocks are put forward, an edge inside the hour that is left out moves to its end; where they are put back,
/// a window starts with the second and ends with the first of the two equal times: nothing is sent at a time of day outside the window.
/// </summary>
public static class SendWindowCalendar
{
    const int MaxZoneLength = 64;

    // A window may fall wholly into an hour that is left out; the next day that it opens on is at most a week later.
    const int MaxDaysAhead = 16;

    // Longer than any clock change but the date line's, and with that a day.
    static readonly TimeSpan Around = TimeSpan.FromHours(36);

    static readonly SearchValues<char> ZoneCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-");

    /// <summary>Whether <paramref name="name"/> is an IANA time zone that is known here.</summary>
    public static bool IsTimeZone(string? name) => Find(name) is not null;

    /// <summary>The first moment from <paramref name="at"/> on at which the window is open, in UTC: <paramref name="at"/> itself inside of it.</summary>
    /// <param name="window">The hours.</param>
    /// <param name="recipientZone">IANA name of the recipient's zone; null, or a name not known here, for the window's own.</param>
    /// <param name="at">When the message could be sent else.</param>
    public static DateTimeOffset Next(SendWindow window, string? recipientZone, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(window);
        return NextIn(window, Find(recipientZone) ?? Find(window.TimeZone) ?? TimeZoneInfo.Utc, at);
    }

    static DateTimeOffset NextIn(SendWindow window, TimeZoneInfo zone, DateTimeOffset at)
    {
        var now = at.UtcDateTime;
        // At the ends of time there is no calendar to look things up in.
        if (now < DateTime.MinValue.AddDays(7) || now > DateTime.MaxValue.AddDays(-7 - MaxDaysAhead)) return at.ToUniversalTime();
        var today = DateOnly.FromDateTime(LocalOf(zone, now));
        for (var day = today.AddDays(-1); day < today.AddDays(MaxDaysAhead); day = day.AddDays(1))
        {
            if (window.Days is { Length: > 0 } days && !days.Contains(day.DayOfWeek)) continue;
            var (start, end) = Opening(window, zone, day);
            if (end <= start || end <= now) continue;
            return new DateTimeOffset(start <= now ? now : start, TimeSpan.Zero);
        }

        return at.ToUniversalTime();
    }

    static (DateTime Start, DateTime End) Opening(SendWindow window, TimeZoneInfo zone, DateOnly day)
    {
        var from = day.ToDateTime(window.From);
        var until = (window.Until <= window.From ? day.AddDays(1) : day).ToDateTime(window.Until);
        var start = ToUtc(zone, from, isLater: true);
        var end = ToUtc(zone, until, isLater: false);
        // Both edges inside the hour that comes twice: it is open in the first of the two.
        return start < end ? (start, end) : (ToUtc(zone, from, isLater: false), end);
    }

    // Told from the offsets of moments alone: what the library says of local times does not agree with them for every zone.
    static DateTime ToUtc(TimeZoneInfo zone, DateTime local, bool isLater)
    {
        var utc = DateTime.SpecifyKind(local, DateTimeKind.Utc);
        var before = utc - zone.GetUtcOffset(utc - Around);
        var after = utc - zone.GetUtcOffset(utc + Around);
        var (isBefore, isAfter) = (LocalOf(zone, before) == utc, LocalOf(zone, after) == utc);
        if (isBefore && isAfter) return isLater == before < after ? after : before;
        return isBefore ? before : isAfter ? after : EndOfGap(zone, utc);
    }

    // The first moment whose local time is not before the one that does not exist.
    static DateTime EndOfGap(TimeZoneInfo zone, DateTime local)
    {
        var before = local - Around;
        var after = local + Around;
        while (after - before > TimeSpan.FromTicks(1))
        {
            var middle = before + (after - before) / 2;
            if (LocalOf(zone, middle) >= local) after = middle;
            else before = middle;
        }

        return after;
    }

    static DateTime LocalOf(TimeZoneInfo zone, DateTime utc) => utc + zone.GetUtcOffset(utc);

    // The name of a file in some systems: nothing but what such names are made of may reach the look-up.
    static TimeZoneInfo? Find(string? name) =>
        name is { Length: > 0 and <= MaxZoneLength } && name[0] != '/' && !name.AsSpan().ContainsAnyExcept(ZoneCharacters)
        && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId
            ? zone
            : null;
}
