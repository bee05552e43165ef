namespace Orleans.Mail.Transport;

/// <summary>How the name service is asked, and how long its answers hold.</summary>
public sealed class ResolverOptions
{
    /// <summary>Where these options are in configuration.</summary>
    public const string Section = "OrleansMail:Dns";

    /// <summary>Recursive name servers as <c>address</c> or <c>address:port</c>. Default: those of the machine.</summary>
    public IList<string> NameServers { get; } = [];

    /// <summary>One query to one server. If all servers are silent, all are asked once more. Default 3 s.</summary>
    public TimeSpan QueryTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a server that did not answer is asked after the others. Default 30 s.</summary>
    public TimeSpan SilentServerMemory { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>All queries for one domain. Default 10 s.</summary>
    public TimeSpan ResolveTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Most hosts of a domain that are looked at, the most preferred first. Default 10.</summary>
    public int MaxHosts { get; set; } = 10;

    /// <summary>Most address queries for one domain. Default 20.</summary>
    public int MaxQueries { get; set; } = 20;

    /// <summary>Most addresses of a host that are kept, half of them of each family. Default 20.</summary>
    public int MaxAddressesPerHost { get; set; } = 20;

    /// <summary>Whether IPv6 addresses are asked for. Default true; false where the machine has no IPv6 route.</summary>
    public bool UseIPv6 { get; set; } = true;

    /// <summary>An answer holds at least this long, whatever its TTL. Default 1 min.</summary>
    public TimeSpan MinTtl { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>An answer holds at most this long, whatever its TTL. Default 1 h.</summary>
    public TimeSpan MaxTtl { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long the absence of a domain, or of addresses, holds. Default 5 min.</summary>
    public TimeSpan NegativeTtl { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the name service is left alone about a domain after it failed. Default 30 s.</summary>
    public TimeSpan TemporaryFailureTtl { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Most domains in the cache. Default 50,000.</summary>
    public int MaxCachedDomains { get; set; } = 50_000;

    /// <summary>
    /// Networks such as <c>10.1.0.0/16</c> that a name may lead to although they are not of the open Internet, or are this machine's own.
    /// Hosts that configuration names itself (fixed routes, relays) need none of it. Default: none.
    /// </summary>
    public IList<string> AllowedAddresses { get; } = [];

    /// <summary>Addresses under which this machine is seen from outside, beside those of its network cards: mail for them would come back. Default: none.</summary>
    public IList<string> OwnAddresses { get; } = [];

    /// <summary>
    /// Whether TLSA records decide about certificates (RFC 7672). Needs <see cref="NameServers"/> on this machine that validate DNSSEC: their word is
    /// taken for it, so nobody may stand in between. Default false.
    /// </summary>
    public bool UseDane { get; set; }
}
