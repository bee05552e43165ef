using Microsoft.Extensions.Options;

namespace Orleans.Mail;

/// <summary>How a client talks to the service.</summary>
public sealed class MailClientOptions
{
    /// <summary>Where the options live in configuration.</summary>
    public const string SectionName = "OrleansMail:Client";

    /// <summary>Tenant of drafts that name none.</summary>
    public string Tenant { get; set; } = "default";

    /// <summary>How long a submission is tried, all retries together, before it fails.</summary>
    public TimeSpan SubmitTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long any other call is tried, all retries together, before it fails.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long one try of a call waits for its answer before the same is asked again. A call whose gateway died is not told so by Orleans.
    /// </summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many batches of submissions may be under way at once.</summary>
    public int MaxBatchesInFlight { get; set; } = 4;

    /// <summary>Most drafts in one batch.</summary>
    public int MaxBatchDrafts { get; set; } = 256;

    /// <summary>Most octets of content in one batch.</summary>
    public int MaxBatchBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>Content above this many octets travels in a call of its own.</summary>
    public int MaxBatchedDraftBytes { get; set; } = 256 * 1024;

    /// <summary>Octets that may wait or be under way at once; <see cref="IMailClient.SubmitAsync"/> waits while there are more.</summary>
    public int MaxPendingBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Largest content that is sent to the service at all; the service may take less.</summary>
    public int MaxContentBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Longest wait between attempts to reopen an interrupted subscription.</summary>
    public TimeSpan MaxReconnectDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A subscription that has heard nothing for this long asks whether it has missed something.</summary>
    public TimeSpan FeedProbeInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many messages of a listing are asked for at a time, from each shard.</summary>
    public int ListPageSize { get; set; } = 100;
}

/// <summary>Checks every option and names each fault with its key and its remedy.</summary>
sealed class MailClientOptionsValidation : IValidateOptions<MailClientOptions>
{
    public ValidateOptionsResult Validate(string? name, MailClientOptions options)
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(options.Tenant)) Fault(nameof(options.Tenant), "is empty: give the name used for drafts without a tenant");
        Positive(nameof(options.SubmitTimeout), options.SubmitTimeout);
        Positive(nameof(options.CallTimeout), options.CallTimeout);
        Positive(nameof(options.AttemptTimeout), options.AttemptTimeout);
        Positive(nameof(options.MaxReconnectDelay), options.MaxReconnectDelay);
        Positive(nameof(options.FeedProbeInterval), options.FeedProbeInterval);
        Between(nameof(options.MaxBatchesInFlight), options.MaxBatchesInFlight, 1, 64);
        Between(nameof(options.MaxBatchDrafts), options.MaxBatchDrafts, 1, 4096);
        Between(nameof(options.MaxBatchBytes), options.MaxBatchBytes, 4096, 64 * 1024 * 1024);
        Between(nameof(options.MaxBatchedDraftBytes), options.MaxBatchedDraftBytes, 1, options.MaxBatchBytes);
        Between(nameof(options.MaxPendingBytes), options.MaxPendingBytes, 64 * 1024, int.MaxValue);
        // Orleans refuses a message body of more than 100 MiB.
        Between(nameof(options.MaxContentBytes), options.MaxContentBytes, 1024, 96 * 1024 * 1024);
        Between(nameof(options.ListPageSize), options.ListPageSize, 1, 1000);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Fault(string key, string problem) => faults.Add($"{MailClientOptions.SectionName}:{key} {problem}.");

        void Positive(string key, TimeSpan value)
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1)) Fault(key, $"is {value}: give a time between 0 and one day");
        }

        void Between(string key, int value, int least, int most)
        {
            if (value < least || value > most) Fault(key, $"is {value}: give a number from {least} to {most}");
        }
    }
}
