using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Suppression;

/// <summary>Who is not written to. Configuration section <c>OrleansMail:Suppression</c>.</summary>
public sealed class SuppressionOptions
{
    public const string Section = "OrleansMail:Suppression";

    /// <summary>Whether bounces put addresses on the list. Default: false; the list that people keep is in force in any case.</summary>
    public bool Automatic { get; set; }

    /// <summary>Whether a tenant's bounces count for its own mail only, or for everybody's. Default: true.</summary>
    public bool PerTenant { get; set; } = true;

    /// <summary>Refusals in a row of the address itself (category <c>invalid-recipient</c>) that put it on the list. Default: 1.</summary>
    public int HardBounces { get; set; } = 1;

    /// <summary>Other final refusals in a row, without a delivery between them, that put it on the list. Default: 3.</summary>
    public int OtherBounces { get; set; } = 3;

    /// <summary>How long bounces keep an address on the list, and how long they are counted. Default: 90 days.</summary>
    public TimeSpan Duration { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Addresses on the list, some 30 octets of each silo's memory each. Default: 1,000,000.</summary>
    public int MaxEntries { get; set; } = 1_000_000;

    /// <summary>How often entries that ran out are removed. Default: 6 hours.</summary>
    public TimeSpan PurgeInterval { get; set; } = TimeSpan.FromHours(6);
}

sealed class SuppressionOptionsValidator : IValidateOptions<SuppressionOptions>
{
    public ValidateOptionsResult Validate(string? name, SuppressionOptions options)
    {
        var faults = new OptionFaults(SuppressionOptions.Section);
        faults.Positive(options.HardBounces, nameof(options.HardBounces));
        faults.Positive(options.OtherBounces, nameof(options.OtherBounces));
        faults.Positive(options.Duration, nameof(options.Duration));
        faults.Positive(options.MaxEntries, nameof(options.MaxEntries));
        faults.Positive(options.PurgeInterval, nameof(options.PurgeInterval));
        return faults.Result;
    }
}
