namespace Orleans.Mail.Transport.Dkim;

/// <summary>Which messages are signed, and with which keys (RFC 6376).</summary>
public sealed class DkimOptions
{
    /// <summary>Where these options are in configuration.</summary>
    public const string Section = "OrleansMail:Dkim";

    /// <summary>Stands for every domain or every tenant.</summary>
    public const string Any = "*";

    /// <summary>Domains, selectors and where their keys are. Default: none, nothing is signed.</summary>
    public IList<DkimSigningOptions> Signings { get; set; } = [];

    /// <summary>From domains, each with its subdomains, whose messages are refused when no signing covers them; <c>*</c> for all. Default: none, such messages leave unsigned.</summary>
    public IList<string> RequiredDomains { get; set; } = [];

    /// <summary>Tenants whose messages are refused when no signing covers them; <c>*</c> for all. Default: none.</summary>
    public IList<string> RequiredTenants { get; set; } = [];

    /// <summary>How often this section and the keys are read again, so that a rotation needs no restart. Default 1 min.</summary>
    public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Life of a signature (x=), longer than the longest wait of a message and its receivers; null for no end. Default: null.</summary>
    public TimeSpan? SignatureLifetime { get; set; }
}

/// <summary>One key of one domain.</summary>
public sealed class DkimSigningOptions
{
    /// <summary>Signing domain (d=). It also signs for From domains below it that have no signing of their own.</summary>
    public string Domain { get; set; } = "";

    /// <summary>Selector (s=): the public key is at <c>selector._domainkey.domain</c>.</summary>
    public string Selector { get; set; } = "";

    /// <summary>Path of a PEM file with the private key, PKCS#8 or PKCS#1. One of the three sources is set.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Environment variable that holds the same text; <c>\n</c> may stand for a line end.</summary>
    public string? KeyVariable { get; set; }

    /// <summary>Name by which the registered <see cref="IDkimKeyProvider"/> knows the key.</summary>
    public string? KeyName { get; set; }

    /// <summary>Tenants that may use it. Default: none named, which means all.</summary>
    public IList<string> Tenants { get; set; } = [];
}

/// <summary>Brings private keys from elsewhere, such as a vault. Asked at start and at every <see cref="DkimOptions.RefreshAfter"/>, never while a message waits.</summary>
public interface IDkimKeyProvider
{
    /// <summary>The key as PEM text. An exception means not now: at start the host does not start, later the last good keys stay in use.</summary>
    ValueTask<string> ReadAsync(string keyName, CancellationToken cancellationToken);
}
