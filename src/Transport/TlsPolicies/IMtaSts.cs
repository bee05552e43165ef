namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>Finds the MTA-STS policies of recipient domains (RFC 8461).</summary>
public interface IMtaSts
{
    /// <summary>The policy that holds; null where there is none. Waits for the network only where nothing is known of the domain. Never throws for an answer.</summary>
    /// <param name="domain">The domain of the address, and not what it may be an alias of: A-labels without trailing dot.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<MtaStsPolicy?> FindAsync(string domain, CancellationToken cancellationToken);
}
