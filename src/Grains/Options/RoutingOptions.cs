using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Options;

/// <summary>Which way mail leaves in modes Live and Redirect. Configuration section <c>OrleansMail:Routing</c>.</summary>
public sealed class RoutingOptions
{
    public const string Section = "OrleansMail:Routing";

    /// <summary>Relays (smart hosts) by name. Default: none, so mail goes to the hosts that MX records name.</summary>
    public IDictionary<string, RelayOptions> Relays { get; set; } = new Dictionary<string, RelayOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Rules in order; the first that matches decides. Default: none. <c>Delivery:Routes</c> come after them.</summary>
    public IList<RouteRuleOptions> Rules { get; set; } = [];

    /// <summary>Local addresses to send from, by name, for mail that goes by MX. Default: none, so the machine chooses.</summary>
    public IDictionary<string, SourceOptions> Sources { get; set; } = new Dictionary<string, SourceOptions>(StringComparer.OrdinalIgnoreCase);
}

/// <summary>One relay.</summary>
public sealed class RelayOptions
{
    /// <summary>Host name or address.</summary>
    public string Host { get; set; } = "";

    /// <summary>Default: 587 (submission, RFC 6409).</summary>
    public int Port { get; set; } = 587;

    /// <summary>What TLS must be. Default: Verified. Credentials are given over Verified only.</summary>
    public TlsMode Tls { get; set; } = TlsMode.Verified;

    /// <summary>TLS from the first octet, as on port 465 (RFC 8314). Default: false, which is STARTTLS.</summary>
    public bool ImplicitTls { get; set; }

    /// <summary>User name. Default: none, so no login.</summary>
    public string? User { get; set; }

    /// <summary>Password, or token for XOAUTH2. Better named by <see cref="PasswordFile"/> or by an environment variable of configuration.</summary>
    public string? Password { get; set; }

    /// <summary>File that holds the password; read at each login, so that it may be replaced.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256 or XOAUTH2. Default: the strongest offered, XOAUTH2 excepted.</summary>
    public string? Mechanism { get; set; }

    /// <summary>The pool it belongs to. Default: a pool of its own, called as the relay.</summary>
    public string? Pool { get; set; }

    /// <summary>Share of the mail among the relays of its tier. Default: 1.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>Relays of a higher tier serve only while every one below is out of order. Default: 0.</summary>
    public int Tier { get; set; }
}

/// <summary>Which mail takes a route. Members left out do not restrict.</summary>
public sealed class RouteRuleOptions
{
    /// <summary>Name of a pool or relay, or <c>mx</c>.</summary>
    public string Route { get; set; } = "";

    /// <summary>Recipient domain; with a leading dot for every domain below it.</summary>
    public string? Domain { get; set; }

    /// <summary>Who sends.</summary>
    public string? Tenant { get; set; }

    /// <summary>The group of messages.</summary>
    public string? Campaign { get; set; }

    /// <summary>High, Normal or Bulk.</summary>
    public Priority? Priority { get; set; }
}

/// <summary>One local address to send from.</summary>
public sealed class SourceOptions
{
    /// <summary>An address of this machine.</summary>
    public string Address { get; set; } = "";

    /// <summary>Share of the mail. Default: 1; 0 takes it out of use.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>First day of its warm-up: it starts with few messages a day. Default: none, so it is warm.</summary>
    public DateOnly? WarmupFrom { get; set; }

    /// <summary>Messages by time, such as <c>10/1s, burst 20</c>. Default: no limit, beside that of the warm-up.</summary>
    public Policy.Shaping.RateLimit? Rate { get; set; }
}
