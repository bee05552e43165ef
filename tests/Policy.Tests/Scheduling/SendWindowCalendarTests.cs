using System.Globalization;
using CsCheck;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Policy.Tests.Scheduling;

public sealed class SendWindowCalendarTests
{
    static readonly SendWindow Office = new(new TimeOnly(8, 0), new TimeOnly(18, 0), "Europe/Berlin", [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday]);
    static readonly string[] Zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kolkata", "Etc/UTC"];

    [Theory]
    // A Tuesday in winter: UTC+1.
    [InlineData("2030-01-01T07:00:00Z", "2030-01-01T07:00:00Z")]
    [InlineData("2030-01-01T06:59:59Z", "2030-01-01T07:00:00Z")]
    [InlineData("2030-01-01T16:59:59Z", "2030-01-01T16:59:59Z")]
    [InlineData("2030-01-01T17:00:00Z", "2030-01-02T07:00:00Z")]
    // A Friday evening in summer: UTC+2.
    [InlineData("2030-06-07T16:00:00Z", "2030-06-10T06:00:00Z")]
    public void Next_OfficeHours_IsTheirNextMoment(string at, string expected) => Assert.Equal(Time(expected), SendWindowCalendar.Next(Office, null, Time(at)));

    [Theory]
    [InlineData("2030-01-01T21:00:00Z", "2030-01-01T22:00:00Z")]
    [InlineData("2030-01-02T01:00:00Z", "2030-01-02T01:00:00Z")]
    [InlineData("2030-01-02T05:00:00Z", "2030-01-02T22:00:00Z")]
    // The window of Saturday reaches into Sunday, and none opens on Sunday.
    [InlineData("2030-01-06T03:00:00Z", "2030-01-06T03:00:00Z")]
    [InlineData("2030-01-06T05:00:00Z", "2030-01-07T22:00:00Z")]
    public void Next_AcrossMidnight_BelongsToTheDayItOpenedOn(string at, string expected)
    {
        var night = new SendWindow(new TimeOnly(22, 0), new TimeOnly(5, 0), Days: [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday, DayOfWeek.Saturday]);
        Assert.Equal(Time(expected), SendWindowCalendar.Next(night, null, Time(at)));
    }

    [Theory]
    // Clocks go forward at 01:00 UTC: 02:30 does not exist, and the window starts at 03:00.
    [InlineData("02:30", "06:00", "2030-03-31T00:00:00Z", "2030-03-31T01:00:00Z")]
    // It ends where the time it should end at would have been.
    [InlineData("01:00", "02:30", "2030-03-31T01:00:00Z", "2030-03-31T23:00:00Z")]
    // It would lie wholly in the hour that is left out: the next day.
    [InlineData("02:10", "02:50", "2030-03-31T00:30:00Z", "2030-04-01T00:10:00Z")]
    // Clocks go back at 01:00 UTC: 02:30 comes twice; it starts with the second and ends with the first.
    [InlineData("02:30", "06:00", "2030-10-27T00:30:00Z", "2030-10-27T01:30:00Z")]
    [InlineData("01:00", "02:30", "2030-10-27T00:30:00Z", "2030-10-28T00:00:00Z")]
    [InlineData("02:10", "02:50", "2030-10-27T00:00:00Z", "2030-10-27T00:10:00Z")]
    public void Next_WhereClocksChange_NeverLeavesTheWindow(string from, string until, string at, string expected)
    {
        var window = new SendWindow(TimeOnly.Parse(from, CultureInfo.InvariantCulture), TimeOnly.Parse(until, CultureInfo.InvariantCulture), "Europe/Berlin");
        Assert.Equal(Time(expected), SendWindowCalendar.Next(window, null, Time(at)));
    }

    [Fact]
    public void Next_RecipientsZone_ComesBeforeTheWindowsAndAnUnknownOneDoesNot()
    {
        Assert.Equal(Time("2030-01-01T23:00:00Z"), SendWindowCalendar.Next(Office, "Asia/Tokyo", Time("2030-01-01T12:00:00Z")));
        Assert.Equal(Time("2030-01-01T12:00:00Z"), SendWindowCalendar.Next(Office, "Mars/Olympus", Time("2030-01-01T12:00:00Z")));
    }

    [Fact]
    public void Next_EqualEdges_IsTheWholeDay()
    {
        var all = new SendWindow(new TimeOnly(9, 0), new TimeOnly(9, 0));
        Assert.Equal(Time("2030-01-01T08:59:00Z"), SendWindowCalendar.Next(all, null, Time("2030-01-01T08:59:00Z")));
        Assert.Equal(Time("2030-01-05T09:00:00Z"), SendWindowCalendar.Next(all with { Days = [DayOfWeek.Saturday] }, null, Time("2030-01-01T08:59:00Z")));
    }

    [Fact]
    public void Next_EndsOfTime_DoNotOverflow()
    {
        Assert.Equal(DateTimeOffset.MaxValue, SendWindowCalendar.Next(Office, null, DateTimeOffset.MaxValue));
        Assert.Equal(DateTimeOffset.MinValue, SendWindowCalendar.Next(Office, null, DateTimeOffset.MinValue));
    }

    [Fact]
    public void Next_AnyWindowZoneAndMoment_IsInsideTheWindowNotBeforeAndStable() =>
        Gen.Select(Gen.Int[0, 1439], Gen.Int[15, 1440], Gen.Int[0, Zones.Length - 1], Gen.Int[0, 30 * 366 * 24 * 60], Gen.Int[0, 127]).Sample((from, length, zoneIndex, minutes, dayBits) =>
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(Zones[zoneIndex]);
            var days = Enum.GetValues<DayOfWeek>().Where(day => (dayBits >> (int)day & 1) != 0).ToArray();
            var start = TimeOnly.MinValue.AddMinutes(from);
            var window = new SendWindow(start, start.AddMinutes(length), Zones[zoneIndex], days);
            var at = new DateTimeOffset(2005, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(minutes);
            var next = SendWindowCalendar.Next(window, null, at);
            return next >= at && next - at <= TimeSpan.FromDays(15) && next.Offset == TimeSpan.Zero
                && IsOpen(window, TimeZoneInfo.ConvertTime(next, zone).DateTime)
                && SendWindowCalendar.Next(window, null, next) == next;
        }, iter: 20_000);

    [Fact]
    public void Next_ClosedMoment_SkipsNothingThatIsOpen() =>
        Gen.Select(Gen.Int[0, 1439], Gen.Int[60, 1440], Gen.Int[0, 30 * 366 * 24]).Sample((from, length, hours) =>
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
            var start = TimeOnly.MinValue.AddMinutes(from);
            var window = new SendWindow(start, start.AddMinutes(length), "Europe/Berlin");
            var at = new DateTimeOffset(2005, 1, 1, 0, 0, 0, TimeSpan.Zero).AddHours(hours);
            var next = SendWindowCalendar.Next(window, null, at);
            for (var moment = at; moment < next; moment = moment.AddMinutes(7))
                if (IsOpen(window, TimeZoneInfo.ConvertTime(moment, zone).DateTime) && !IsNearClockChange(zone, moment))
                    return false;
            return true;
        }, iter: 2_000);

    [Theory]
    [InlineData("Europe/Berlin", true)]
    [InlineData("Etc/UTC", true)]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("Mars/Olympus", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("/etc/localtime", false)]
    [InlineData("../../etc/passwd", false)]
    [InlineData("Pacific Standard Time", false)]
    public void IsTimeZone_KnowsIanaNamesOnly(string? name, bool expected) => Assert.Equal(expected, SendWindowCalendar.IsTimeZone(name));

    static bool IsOpen(SendWindow window, DateTime local)
    {
        var time = TimeOnly.FromDateTime(local);
        var isNight = window.Until <= window.From;
        var day = isNight && time < window.Until ? local.AddDays(-1).DayOfWeek : local.DayOfWeek;
        var isInHours = isNight ? time >= window.From || time < window.Until : time >= window.From && time < window.Until;
        return isInHours && (window.Days is not { Length: > 0 } days || days.Contains(day));
    }

    static bool IsNearClockChange(TimeZoneInfo zone, DateTimeOffset moment) => zone.GetUtcOffset(moment.AddHours(-2)) != zone.GetUtcOffset(moment.AddHours(2));

    static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
