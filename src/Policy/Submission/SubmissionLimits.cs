namespace Orleans.Mail.Policy.Submission;

/// <summary>How much a submission may hold.</summary>
public sealed record SubmissionLimits
{
    public static SubmissionLimits Default { get; } = new();

    /// <summary>Recipients of one message. Default 1,000.</summary>
    public int MaxRecipients { get; init; } = 1_000;

    /// <summary>Octets of content. Default 25 MiB.</summary>
    public long MaxContentBytes { get; init; } = 25L * 1024 * 1024;

    /// <summary>Received fields of the header: who has more goes round in a loop (RFC 5321 §6.3). Default 100.</summary>
    public int MaxReceivedFields { get; init; } = 100;

    /// <summary>Octets of a line without its CRLF (RFC 5322 §2.1.1). Default 998.</summary>
    public int MaxLineOctets { get; init; } = 998;

    /// <summary>Lines of the header. Default 1,000.</summary>
    public int MaxHeaderLines { get; init; } = 1_000;

    /// <summary>Octets of the header. Default 256 KiB.</summary>
    public int MaxHeaderBytes { get; init; } = 256 * 1024;

    /// <summary>Characters of a tenant's name. Default 64.</summary>
    public int MaxTenantLength { get; init; } = 64;

    /// <summary>Characters of an idempotency key. Default 256.</summary>
    public int MaxKeyLength { get; init; } = 256;

    /// <summary>Characters of a campaign's name. Default 128.</summary>
    public int MaxCampaignLength { get; init; } = 128;

    /// <summary>Tags of one message. Default 10.</summary>
    public int MaxTags { get; init; } = 10;

    /// <summary>Characters of a tag. Default 64.</summary>
    public int MaxTagLength { get; init; } = 64;

    /// <summary>Entries of metadata. Default 64.</summary>
    public int MaxMetadataEntries { get; init; } = 64;

    /// <summary>Octets of all metadata, names and values together. Default 4 KiB.</summary>
    public int MaxMetadataBytes { get; init; } = 4 * 1024;

    /// <summary>Longest wait for the send time. Default 366 days.</summary>
    public TimeSpan MaxSendDelay { get; init; } = TimeSpan.FromDays(366);

    /// <summary>Longest life after the send time. Default 366 days.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromDays(366);

    /// <summary>Life of a Normal message that names no expiry. Default 5 days.</summary>
    public TimeSpan NormalLifetime { get; init; } = TimeSpan.FromDays(5);

    /// <summary>Life of a High message that names no expiry. Default 6 hours.</summary>
    public TimeSpan HighLifetime { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Life of a Bulk message that names no expiry. Default 72 hours.</summary>
    public TimeSpan BulkLifetime { get; init; } = TimeSpan.FromHours(72);

    /// <summary>Longest wait after a doubt. Default 7 days.</summary>
    public TimeSpan MaxDoubtWait { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Shortest daily window in which to send: less would make a message miss it by a slow attempt. Default 15 minutes.</summary>
    public TimeSpan MinWindow { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Characters of a route's name. Default 64.</summary>
    public int MaxRouteLength { get; init; } = 64;

    /// <summary>Faults reported in one answer. Default 100.</summary>
    public int MaxFaults { get; init; } = 100;

    public TimeSpan LifetimeOf(Priority priority) => priority switch
    {
        Priority.High => HighLifetime,
        Priority.Bulk => BulkLifetime,
        _ => NormalLifetime,
    };
}
