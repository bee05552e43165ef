namespace Orleans.Mail;

/// <summary>What clients are told when the service can neither read nor store right now: its store is away, or the shard is on its way to another silo. Worth another try.</summary>
[GenerateSerializer, Alias("mail.v1.ServiceUnavailableException")]
public sealed class ServiceUnavailableException : Exception
{
    public ServiceUnavailableException() : this("The mail service can neither read nor store right now.") { }

    public ServiceUnavailableException(string message) : base(message) { }

    public ServiceUnavailableException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>True when certainly nothing was stored.</summary>
    [Id(0)]
    public bool OutcomeKnown { get; init; }
}
