using System.Collections.Immutable;

namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>What a host's TLSA records come to.</summary>
public enum DaneStatus : byte
{
    /// <summary>There are none, or they are not validated, or DANE is off: no demand follows.</summary>
    None,

    /// <summary>There are validated records.</summary>
    Records,

    /// <summary>Whether there are any cannot be told: the host must not be used (RFC 7672 §2.1).</summary>
    Unknown,
}

/// <summary>The records, and the name under which they were found, which the certificate may carry (RFC 7672 §3.2.2).</summary>
public sealed record DaneAnswer(DaneStatus Status, ImmutableArray<TlsaRecord> Records, string BaseName, DateTimeOffset GoodUntil);

/// <summary>Finds TLSA records of mail hosts (RFC 7672).</summary>
public interface IDane
{
    /// <summary>Never throws for an answer.</summary>
    /// <param name="host">A host with its addresses.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<DaneAnswer> FindAsync(MxHost host, CancellationToken cancellationToken);
}
