using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>What a site is asked for at most. The values here are the defaults of the service.</summary>
public sealed record SiteLimits
{
    /// <summary>Sessions at once, in the whole cluster. Default 20.</summary>
    public int MaxSessions { get => Set.MaxSessions ?? 20; init => Set = Set with { MaxSessions = value }; }

    /// <summary>Sessions before anything is known of the site. Default 5; a lower maximum alone lowers it.</summary>
    public int InitialSessions { get => Math.Min(Set.InitialSessions ?? 5, MaxSessions); init => Set = Set with { InitialSessions = value }; }

    /// <summary>Messages over one connection. Default 100.</summary>
    public int MessagesPerConnection { get => Set.MessagesPerConnection ?? 100; init => Set = Set with { MessagesPerConnection = value }; }

    /// <summary>How old a connection may become. Default 5 minutes.</summary>
    public TimeSpan MaxConnectionAge { get => Set.MaxConnectionAge ?? TimeSpan.FromMinutes(5); init => Set = Set with { MaxConnectionAge = value }; }

    /// <summary>How long a connection is kept without work. Default 5 seconds.</summary>
    public TimeSpan ConnectionIdle { get => Set.ConnectionIdle ?? TimeSpan.FromSeconds(5); init => Set = Set with { ConnectionIdle = value }; }

    /// <summary>Recipients in one transaction (RFC 5321 §4.5.3.1.8 promises 100). Default 100.</summary>
    public int RecipientsPerTransaction { get => Set.RecipientsPerTransaction ?? 100; init => Set = Set with { RecipientsPerTransaction = value }; }

    /// <summary>Messages by time. Default: none.</summary>
    public RateLimit? Rate { get => Set.Rate; init => Set = Set with { Rate = value }; }

    /// <summary>New connections by time. Default: none.</summary>
    public RateLimit? ConnectionRate { get => Set.ConnectionRate; init => Set = Set with { ConnectionRate = value }; }

    /// <summary>Default: opportunistic.</summary>
    public RouteTls Tls { get => Set.Tls ?? RouteTls.Opportunistic; init => Set = Set with { Tls = value }; }

    /// <summary>How long a site that could not be talked to is left alone before a probe. Default 1 minute.</summary>
    public TimeSpan ProbeAfter { get => Set.ProbeAfter ?? TimeSpan.FromMinutes(1); init => Set = Set with { ProbeAfter = value }; }

    /// <summary>How long mail to the site is tried where its sender does not say: longer for one known to be slow. Default: by priority.</summary>
    public TimeSpan? MaxLifetime { get => Set.MaxLifetime; init => Set = Set with { MaxLifetime = value }; }

    /// <summary>When to come again after a first refusal by greylisting, until the site's own wait is learned. Default: as after other refusals of that category.</summary>
    public TimeSpan? GreylistRetry { get => Set.GreylistRetry; init => Set = Set with { GreylistRetry = value }; }

    /// <summary>Who runs the site; null where no provider of the table does.</summary>
    public string? Provider { get; init; }

    /// <summary>Sessions at once to all sites of the provider together. Default: none.</summary>
    public int? ProviderMaxSessions { get; init; }

    public static SiteLimits Default { get; } = new();

    /// <summary>What was set; the members give the defaults for the rest.</summary>
    internal SiteLimitsOverride Set { get; init; } = new();
}

/// <summary>Some of <see cref="SiteLimits"/>, to lay over others: null inherits.</summary>
public sealed record SiteLimitsOverride
{
    public int? MaxSessions { get; init; }
    public int? InitialSessions { get; init; }
    public int? MessagesPerConnection { get; init; }
    public TimeSpan? MaxConnectionAge { get; init; }
    public TimeSpan? ConnectionIdle { get; init; }
    public int? RecipientsPerTransaction { get; init; }
    public RateLimit? Rate { get; init; }
    public RateLimit? ConnectionRate { get; init; }
    public RouteTls? Tls { get; init; }
    public TimeSpan? ProbeAfter { get; init; }
    public TimeSpan? MaxLifetime { get; init; }
    public TimeSpan? GreylistRetry { get; init; }

    /// <summary>The limits with what is set here in place of theirs.</summary>
    public SiteLimits Over(SiteLimits under)
    {
        ArgumentNullException.ThrowIfNull(under);
        return under with { Set = Before(under.Set) };
    }

    /// <summary>What is set here, and else what is set there.</summary>
    public SiteLimitsOverride Before(SiteLimitsOverride other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new()
        {
            MaxSessions = MaxSessions ?? other.MaxSessions,
            InitialSessions = InitialSessions ?? other.InitialSessions,
            MessagesPerConnection = MessagesPerConnection ?? other.MessagesPerConnection,
            MaxConnectionAge = MaxConnectionAge ?? other.MaxConnectionAge,
            ConnectionIdle = ConnectionIdle ?? other.ConnectionIdle,
            RecipientsPerTransaction = RecipientsPerTransaction ?? other.RecipientsPerTransaction,
            Rate = Rate ?? other.Rate,
            ConnectionRate = ConnectionRate ?? other.ConnectionRate,
            Tls = Tls ?? other.Tls,
            ProbeAfter = ProbeAfter ?? other.ProbeAfter,
            MaxLifetime = MaxLifetime ?? other.MaxLifetime,
            GreylistRetry = GreylistRetry ?? other.GreylistRetry,
        };
    }

    /// <summary>The same, but of pace and sessions the lesser of both.</summary>
    public SiteLimitsOverride Stricter(SiteLimitsOverride other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Before(other) with
        {
            Rate = RateLimit.Slower(Rate, other.Rate),
            ConnectionRate = RateLimit.Slower(ConnectionRate, other.ConnectionRate),
            MaxSessions = MaxSessions < other.MaxSessions ? MaxSessions : other.MaxSessions ?? MaxSessions,
        };
    }

    /// <summary>Members that are set and concern the connections of a site, which all its mail shares. TLS is not among them for a domain: what it demands, another's connection may not give.</summary>
    public IEnumerable<string> SharedBySite()
    {
        foreach (var (name, isSet) in new[]
        {
            (nameof(MaxSessions), MaxSessions is not null), (nameof(InitialSessions), InitialSessions is not null), (nameof(MessagesPerConnection), MessagesPerConnection is not null),
            (nameof(MaxConnectionAge), MaxConnectionAge is not null), (nameof(ConnectionIdle), ConnectionIdle is not null), (nameof(Rate), Rate is not null),
            (nameof(ConnectionRate), ConnectionRate is not null), (nameof(Tls), Tls is not null), (nameof(ProbeAfter), ProbeAfter is not null),
        })
            if (isSet)
                yield return name;
    }

    /// <summary>Everything wrong with it, each line naming the value.</summary>
    public IEnumerable<string> Faults()
    {
        foreach (var (name, value, most) in new[]
        {
            (nameof(MaxSessions), MaxSessions, 10_000), (nameof(InitialSessions), InitialSessions, 10_000),
            (nameof(MessagesPerConnection), MessagesPerConnection, 1_000_000), (nameof(RecipientsPerTransaction), RecipientsPerTransaction, 10_000),
        })
            if (value < 1 || value > most)
                yield return $"{name} is {value}; it is 1 to {most}";
        foreach (var (name, value, most) in new[]
        {
            (nameof(MaxConnectionAge), MaxConnectionAge, TimeSpan.FromDays(1)), (nameof(ConnectionIdle), ConnectionIdle, TimeSpan.FromHours(1)),
            (nameof(ProbeAfter), ProbeAfter, TimeSpan.FromDays(1)), (nameof(MaxLifetime), MaxLifetime, TimeSpan.FromDays(30)),
            (nameof(GreylistRetry), GreylistRetry, TimeSpan.FromDays(1)),
        })
            if (value <= TimeSpan.Zero || value > most)
                yield return $"{name} is {value}; it is longer than zero, and at most {most}";
        if (InitialSessions > MaxSessions) yield return $"{nameof(InitialSessions)} is {InitialSessions} and above {nameof(MaxSessions)}, {MaxSessions}";
        if (Tls is { } tls && !Enum.IsDefined(tls)) yield return $"{nameof(Tls)} is {tls}, which is no mode";
    }
}
