using Microsoft.Extensions.Options;

namespace Orleans.Mail.Api;

/// <summary>How the api is used. Configuration section <c>OrleansMail:Api</c>.</summary>
public sealed class ApiOptions
{
    public const string Section = "OrleansMail:Api";

    /// <summary>Who says that a caller may read. Default: <see cref="ApiAuthentication.Ingress"/>.</summary>
    public ApiAuthentication Authentication { get; set; }

    /// <summary>Most messages of one list. Default: 100.</summary>
    public int MaxListed { get; set; } = 100;
}

/// <summary>Who knows the callers.</summary>
public enum ApiAuthentication
{
    /// <summary>The ingress in front: a request without the principal that it adds is refused. Nothing else may be able to reach the api.</summary>
    Ingress,

    /// <summary>Nobody: every caller may read every status. For development.</summary>
    None,
}

sealed class ApiOptionsValidator : IValidateOptions<ApiOptions>
{
    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        var faults = new List<string>();
        if (!Enum.IsDefined(options.Authentication)) faults.Add($"{ApiOptions.Section}:{nameof(options.Authentication)} must be Ingress or None.");
        if (options.MaxListed is < 1 or > 1000) faults.Add($"{ApiOptions.Section}:{nameof(options.MaxListed)} must be 1 to 1000.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
