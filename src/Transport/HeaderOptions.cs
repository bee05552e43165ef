namespace Orleans.Mail.Transport;

/// <summary>What the service adds to the header of content.</summary>
public sealed class HeaderOptions
{
    /// <summary>Where these options are in configuration.</summary>
    public const string Section = "OrleansMail:Header";

    /// <summary>Tenants whose messages get a Date and a Message-ID where they have none (RFC 6409 §8.2, §8.3); <c>*</c> for every tenant. Default: none.</summary>
    public IList<string> CompleteFor { get; set; } = [];
}
