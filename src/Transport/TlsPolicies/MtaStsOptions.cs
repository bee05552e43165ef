using Microsoft.Extensions.Options;

namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>How policies of MTA-STS (RFC 8461) are found and kept. They are kept in memory, each process for itself.</summary>
public sealed class MtaStsOptions
{
    /// <summary>Where these options are in configuration.</summary>
    public const string Section = "OrleansMail:MtaSts";

    /// <summary>Whether policies are looked for. Default true.</summary>
    public bool IsEnabled { get; set; } = true;

    /// <summary>Fetching one policy, from the connection to the last octet. Default 1 min.</summary>
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest policy in octets. Default 65,536.</summary>
    public int MaxPolicyBytes { get; set; } = 64 * 1024;

    /// <summary>How often a domain is asked whether its policy changed, or whether it has one by now. Default 1 h.</summary>
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>When a check that failed is made again. Default 5 min.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A policy is fetched again at this age though its id is the same, so that it does not run out; at half its life if that is sooner. Default 1 day.</summary>
    public TimeSpan RefreshAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Most domains of which is known whether they have a policy. Default 50,000.</summary>
    public int MaxDomains { get; set; } = 50_000;
}

sealed class MtaStsOptionsValidator : IValidateOptions<MtaStsOptions>
{
    public ValidateOptionsResult Validate(string? name, MtaStsOptions options)
    {
        var problems = new OptionProblems(MtaStsOptions.Section);
        problems.InRange(options.FetchTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        problems.InRange(options.MaxPolicyBytes, 1024, 1024 * 1024);
        problems.InRange(options.CheckInterval, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        problems.InRange(options.RetryInterval, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
        problems.InRange(options.RefreshAge, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30));
        problems.InRange(options.MaxDomains, 1, 10_000_000);
        return problems.ToResult();
    }
}
