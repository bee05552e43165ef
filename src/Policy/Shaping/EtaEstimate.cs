using System.Collections.Immutable;
using System.Globalization;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>Something that keeps a message until a time.</summary>
/// <param name="Until">Until when; the maximum value where nobody knows.</param>
/// <param name="Reason">In words, without the time: "backoff after 450 4.2.1", "tenant quota", "window opens".</param>
/// <param name="Slack">How much later it may become, by jitter.</param>
public readonly record struct WaitCause(DateTimeOffset Until, string Reason, TimeSpan Slack = default)
{
    /// <summary>The schedule, after an answer.</summary>
    public static WaitCause Backoff(DateTimeOffset until, string answer, TimeSpan slack = default) => new(until, $"backoff after {answer} until", slack);

    public static WaitCause SiteSuspended(DateTimeOffset until, string site, string cause) => new(until, $"site {site} suspended for {cause} until");

    public static WaitCause SiteDown(DateTimeOffset until, string site) => new(until, $"site {site} could not be talked to; probe at", TimeSpan.FromSeconds(30));

    public static WaitCause TenantSuspended(DateTimeOffset until) => new(until, "tenant suspended until");

    public static WaitCause CampaignSuspended(DateTimeOffset until) => new(until, "campaign suspended until");

    public static WaitCause TenantQuota(DateTimeOffset until) => new(until, "tenant quota until");

    public static WaitCause TenantRate(DateTimeOffset until, TimeSpan slack) => new(until, "tenant rate until", slack);

    public static WaitCause TenantConcurrency(DateTimeOffset until) => new(until, "tenant concurrency until");

    public static WaitCause CampaignRate(DateTimeOffset until, TimeSpan slack) => new(until, "campaign rate until", slack);

    public static WaitCause DomainRate(DateTimeOffset until, string domain, TimeSpan slack) => new(until, $"domain {domain}: rate until", slack);

    public static WaitCause SourceRate(DateTimeOffset until, string source, TimeSpan slack) => new(until, $"source {source}: rate until", slack);

    public static WaitCause SourceWarmup(DateTimeOffset until, string source, TimeSpan slack) => new(until, $"source {source}: warm-up until", slack);

    public static WaitCause SiteRate(DateTimeOffset until, string site, string rate, TimeSpan slack) => new(until, $"site {site}: rate {rate} until", slack);

    public static WaitCause SiteConnections(DateTimeOffset until, string site, string rate, TimeSpan slack) => new(until, $"site {site}: connection rate {rate} until", slack);

    public static WaitCause LearnedPace(DateTimeOffset until, string site, TimeSpan slack) => new(until, $"site {site}: pace learned from its answers until", slack);

    public static WaitCause SendAt(DateTimeOffset at) => new(at, "to be sent at");

    public static WaitCause WindowOpens(DateTimeOffset at) => new(at, "window opens");
}

/// <summary>A message's place in its site's queue.</summary>
/// <param name="Site">The site.</param>
/// <param name="Ahead">Messages that go before (<c>FairQueue.Ahead</c>).</param>
/// <param name="Queued">Messages in the queue.</param>
/// <param name="PerSecond">Messages the site takes in a second, measured; 0 while unknown.</param>
/// <param name="Limit">What lets no more of them go at once, in words; null where nothing does.</param>
public readonly record struct QueuePlace(string Site, int Ahead, int Queued, double PerSecond, string? Limit = null)
{
    public static string SiteSessions(string site, int inUse) => $"site {site}: {Sessions(inUse)} in use";

    public static string ProviderSessions(string provider, int inUse) => $"provider {provider}: {Sessions(inUse)} in use";

    static string Sessions(int count) => count == 1 ? "1 session" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} sessions");
}

/// <summary>When the next attempt of a message is to be expected, and what it waits for.</summary>
/// <param name="Earliest">Not before.</param>
/// <param name="Latest">Probably not after; null where nobody knows.</param>
/// <param name="Reason">What keeps it longest, in words.</param>
public sealed record EtaEstimate(DateTimeOffset Earliest, DateTimeOffset? Latest, string Reason)
{
    // Fairness lets others in between, and a pace measured is a pace of the past.
    const double Optimism = 0.8;
    const double Pessimism = 2;
    static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    /// <summary>The waits run side by side, and after the last of them the queue comes.</summary>
    /// <param name="now">Now.</param>
    /// <param name="waits">All that keep it; those in the past do not.</param>
    /// <param name="place">Its place, or the one it would get; null while it is not known.</param>
    /// <param name="expiresAt">No attempt after it.</param>
    public static EtaEstimate Of(DateTimeOffset now, ImmutableArray<WaitCause> waits, QueuePlace? place, DateTimeOffset expiresAt)
    {
        var longest = waits.IsDefaultOrEmpty ? default : waits.MaxBy(wait => wait.Until);
        var isKept = longest.Until > now;
        if (isKept && longest.Until == DateTimeOffset.MaxValue) return new(longest.Until, null, $"{Trim(longest.Reason)}, until it is resumed");
        var from = isKept ? longest.Until : now;
        if (from >= expiresAt) return new(expiresAt, expiresAt, string.Create(CultureInfo.InvariantCulture, $"expires {Time(expiresAt, now)} before its next attempt: {longest.Reason} {Time(longest.Until, now)}"));
        var until = from + (isKept ? longest.Slack : TimeSpan.Zero);
        var reason = isKept ? $"{longest.Reason} {Time(longest.Until, now)}" : place is { } known ? InWords(known) : "due now";
        // A place counts from now on; who is kept gets one of its own later.
        var ahead = isKept || place is not { } at ? TimeSpan.Zero : at.PerSecond > 0 ? TimeSpan.FromSeconds(Math.Min(at.Ahead / at.PerSecond, 1e8)) : at.Ahead == 0 ? TimeSpan.Zero : (TimeSpan?)null;
        if (ahead is not { } wait) return new(from, null, reason);
        var latest = until + wait * Pessimism + Turn;
        // What keeps the whole queue keeps its pace too: it may be slower than the limit.
        if (isKept && place is { PerSecond: > 0 } slow && now + TimeSpan.FromSeconds(Math.Min(slow.Ahead / slow.PerSecond, 1e8)) * Pessimism is var byPace && byPace > latest) latest = byPace;
        return new(from + wait * Optimism, latest < expiresAt ? latest : expiresAt, reason);
    }

    static string InWords(QueuePlace place) => place.Limit is { } limit ? $"{Position(place)}; {limit}" : Position(place);

    static string Position(QueuePlace place) => place.PerSecond > 0
        ? string.Create(CultureInfo.InvariantCulture, $"position {place.Ahead + 1:N0} of {place.Queued:N0} at {place.Site}, {place.PerSecond:0.##}/s")
        : string.Create(CultureInfo.InvariantCulture, $"position {place.Ahead + 1:N0} of {place.Queued:N0} at {place.Site}, pace not yet known");

    static string Time(DateTimeOffset time, DateTimeOffset now) =>
        time.UtcDateTime.ToString(time.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    static string Trim(string reason) => reason.EndsWith(" until", StringComparison.Ordinal) ? reason[..^6] : reason;
}
