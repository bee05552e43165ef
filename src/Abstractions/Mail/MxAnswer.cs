using System.Collections.Immutable;
using System.Net;

namespace Orleans.Mail;

/// <summary>What the name service said about where mail of a domain goes (RFC 5321 §5.1, RFC 7505).</summary>
public enum MxStatus : byte
{
    /// <summary>There are hosts: from MX records, or the domain itself where it has only addresses.</summary>
    Hosts,

    /// <summary>The domain takes no mail (RFC 7505).</summary>
    NullMx,

    /// <summary>The domain does not exist (NXDOMAIN).</summary>
    NoSuchDomain,

    /// <summary>The domain exists, with neither MX nor address.</summary>
    NoAddress,

    /// <summary>No usable answer: SERVFAIL, time-out, broken data. Never a reason to fail mail.</summary>
    TemporaryFailure,

    /// <summary>Every host is this machine, or no better than it (RFC 5321 §5.1): mail would come back.</summary>
    LoopsBack,
}

/// <summary>A host that takes mail, in order of preference.</summary>
public sealed record MxHost(int Preference, string Name, ImmutableArray<IPAddress> Addresses)
{
    /// <summary>The name that an alias leads to; null where the name is no alias.</summary>
    public string? CanonicalName { get; init; }

    /// <summary>The resolver validated the addresses (DNSSEC). False unless it was asked to.</summary>
    public bool IsSecure { get; init; }
}

/// <summary>An answer and how long it holds.</summary>
public sealed record MxAnswer(MxStatus Status, ImmutableArray<MxHost> Hosts, DateTimeOffset GoodUntil, string? Detail = null)
{
    /// <summary>All mail hosts the domain names, reachable or not, in the order of the alphabet: what domains of one receiver have in common.</summary>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>The resolver validated which hosts these are (DNSSEC). False unless it was asked to.</summary>
    public bool IsSecure { get; init; }
}
