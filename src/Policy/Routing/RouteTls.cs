namespace Orleans.Mail.Policy.Routing;

/// <summary>What TLS must be on a route.</summary>
public enum RouteTls : byte
{
    /// <summary>STARTTLS where offered, any certificate; plaintext otherwise (RFC 7435).</summary>
    Opportunistic,

    /// <summary>Never.</summary>
    None,

    /// <summary>Always, with any certificate: what is offered in plaintext only waits.</summary>
    Required,

    /// <summary>Always, with a certificate that is valid for the host.</summary>
    Verified,
}
