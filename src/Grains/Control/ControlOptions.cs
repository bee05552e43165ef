using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Control;

/// <summary>How standing orders are kept and spread. Configuration section <c>OrleansMail:Control</c>.</summary>
public sealed class ControlOptions
{
    public const string Section = "OrleansMail:Control";

    /// <summary>Orders that may stand at once. Default: 1,000.</summary>
    public int MaxOrders { get; set; } = 1_000;

    /// <summary>
    /// Whether the service starts with everything suspended, by the order <see cref="ControlGrain.SuspendedOnStart"/>: nothing leaves until an operator revokes it.
    /// For a spool that was restored, and does not know what left meanwhile. Take it away before revoking: a start with it gives the order again. Default: no.
    /// </summary>
    public bool SuspendOnStart { get; set; }

    /// <summary>How long a silo's question for news waits for an answer, and so how far a silo can be behind when one was lost. Default: 4 seconds; at most 5.</summary>
    public TimeSpan PollTime { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a silo waits after a question failed. Default: 500 milliseconds.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);
}

sealed class ControlOptionsValidator : IValidateOptions<ControlOptions>
{
    public ValidateOptionsResult Validate(string? name, ControlOptions options)
    {
        var faults = new OptionFaults(ControlOptions.Section);
        faults.Positive(options.MaxOrders, nameof(options.MaxOrders));
        faults.Require(options.PollTime > TimeSpan.Zero && options.PollTime <= TimeSpan.FromSeconds(5), nameof(options.PollTime), "must be greater than zero and at most 00:00:05.");
        faults.Positive(options.RetryDelay, nameof(options.RetryDelay));
        return faults.Result;
    }
}
