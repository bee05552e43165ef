namespace Orleans.Mail.Grains.Options;

/// <summary>Where mail goes.</summary>
public enum DeliveryMode : byte
{
    /// <summary>Into a receiver inside the process; nothing leaves the machine. The default.</summary>
    Capture,

    /// <summary>To the outside, with every recipient replaced by one address.</summary>
    Redirect,

    /// <summary>Nowhere: replies are made up by rules, without a socket.</summary>
    Simulate,

    /// <summary>To its recipients. Must be set explicitly.</summary>
    Live,
}

/// <summary>How messages are delivered. Configuration section <c>OrleansMail:Delivery</c>.</summary>
public sealed class DeliveryOptions
{
    public const string Section = "OrleansMail:Delivery";

    /// <summary>Where mail goes. Default: <see cref="DeliveryMode.Capture"/>.</summary>
    public DeliveryMode Mode { get; set; } = DeliveryMode.Capture;

    /// <summary>Mode Redirect: the address that receives everything.</summary>
    public string? RedirectTo { get; set; }

    /// <summary>Mode Redirect: recipients at these domains are left as they are. Default: none.</summary>
    public IList<string> RedirectAllow { get; set; } = [];

    /// <summary>Waits after the 1st, 2nd, … failed attempt; the last one repeats. Default: empty, which is 1 min, 5 min, 15 min, 30 min, 1 h, 2 h, 4 h, and a quicker start for High.</summary>
    public IList<TimeSpan> Backoff { get; set; } = [];

    /// <summary>The same for answers of one category, such as <c>mailbox-full</c>. Default: none, so each category has the waits that suit it.</summary>
    public IDictionary<string, TimeSpan[]> BackoffByCategory { get; set; } = new Dictionary<string, TimeSpan[]>(StringComparer.Ordinal);

    /// <summary>Part of a wait that chance may add or take. Default: 0.1.</summary>
    public double BackoffJitter { get; set; } = 0.1;

    /// <summary>How long one attempt may take; a session gives it up then, and no later attempt starts before. Default: 20 minutes.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>How long a message may stand in a site's queue before the sweep looks after it. Default: 10 minutes.</summary>
    public TimeSpan QueueHold { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Sessions of one silo, over all sites. Default: 500.</summary>
    public int MaxSessions { get; set; } = 500;

    /// <summary>Messages a session takes ahead of the one it sends. Default: 8.</summary>
    public int SessionPrefetch { get; set; } = 8;

    /// <summary>Messages over one connection, where the provider's limits say nothing else. Default: 100.</summary>
    public int MessagesPerConnection { get; set; } = 100;

    /// <summary>How long a connection is kept without work. Default: 5 seconds.</summary>
    public TimeSpan ConnectionIdle { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Fixed routes: recipient domain, or <c>*</c>, to <c>host:port</c>. Default: none, so MX records decide.</summary>
    public IDictionary<string, string> Routes { get; set; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Octets of content kept in memory between acceptance and first attempt. Default: 64 MiB.</summary>
    public long ContentCacheBytes { get; set; } = 64L << 20;

    /// <summary>
    /// Where silos share the spool: whether every attempt commits a note before it sends its end of data, and not only those of messages that a doubt stops. A silo's death
    /// then leaves fewer attempts in doubt. Costs one commit more for each attempt. Default: false.
    /// </summary>
    public bool MarkEveryAttempt { get; set; }

    /// <summary>Time that running sessions get to end when the silo stops. Nothing depends on it. Default: 15 seconds.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(15);
}

/// <summary>Limits of one receiving site. Configuration section <c>OrleansMail:Sites</c>.</summary>
public sealed class SiteOptions
{
    public const string Section = "OrleansMail:Sites";

    /// <summary>Sessions to a site at first. Default: 5.</summary>
    public int InitialSessions { get; set; } = 5;

    /// <summary>Most sessions to a site, in the whole cluster. Default: 20.</summary>
    public int MaxSessions { get; set; } = 20;

    /// <summary>Tickets a site's queue holds in memory, some 150 octets each; more wait by reminder. Default: 500,000.</summary>
    public int MaxQueued { get; set; } = 500_000;

    /// <summary>How long a site that could not be talked to is left alone before a probe. Default: 1 minute.</summary>
    public TimeSpan ProbeAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a lease lasts without a sign of its session. Default: 1 minute.</summary>
    public TimeSpan LeaseTime { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>How the spool is kept. Configuration section <c>OrleansMail:Spool</c>.</summary>
public sealed class SpoolOptions
{
    public const string Section = "OrleansMail:Spool";

    /// <summary>How often each shard looks for messages whose due time passed. Default: 10 seconds.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How late a message must be for the sweep to wake it; reminders come first. Default: 30 seconds.</summary>
    public TimeSpan SweepGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long final messages and events are kept. Default: 7 days.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How often a step of the purge runs. Default: 1 minute.</summary>
    public TimeSpan PurgeInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// With several silos: how long one of them may be without storage while others reach it. Then it ends, and they take its shards. Default: 30 seconds;
    /// 0 never ends.
    /// </summary>
    public TimeSpan LeaveAfter { get; set; } = TimeSpan.FromSeconds(30);
}
