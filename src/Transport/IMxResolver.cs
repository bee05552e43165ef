namespace Orleans.Mail.Transport;

/// <summary>Asks the name service where mail of a domain goes. Returns data; never judges, never throws for an answer.</summary>
public interface IMxResolver
{
    /// <summary>Answers come from a bounded cache while they hold.</summary>
    /// <param name="domain">A-labels without trailing dot.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<MxAnswer> ResolveAsync(string domain, CancellationToken cancellationToken);

    /// <summary>The answer that is at hand and holds; null where the name service would have to be asked.</summary>
    /// <param name="domain">A-labels without trailing dot.</param>
    MxAnswer? Known(string domain) => null;
}
