using System.Collections.Immutable;

namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>What becomes of mail when a host does not meet the policy (RFC 8461 §5).</summary>
public enum MtaStsMode : byte
{
    /// <summary>Nothing: the domain has withdrawn its policy.</summary>
    None,

    /// <summary>It is delivered all the same.</summary>
    Testing,

    /// <summary>It waits.</summary>
    Enforce,
}

/// <summary>A domain's word on its mail hosts (RFC 8461 §3.2).</summary>
/// <param name="Id">Id of the TXT record that announced it.</param>
/// <param name="Mode">What follows from a breach.</param>
/// <param name="Mx">Names of hosts in lower case; one that begins with <c>*.</c> stands for any single first label.</param>
/// <param name="MaxAge">How long it holds once fetched.</param>
public sealed record MtaStsPolicy(string Id, MtaStsMode Mode, ImmutableArray<string> Mx, TimeSpan MaxAge)
{
    /// <summary>Whether mail may go to this host (RFC 8461 §4.1).</summary>
    public bool Allows(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.TrimEnd('.');
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return Mx.Any(pattern => pattern.StartsWith("*.", StringComparison.Ordinal)
            ? dot > 0 && name.AsSpan(dot).Equals(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase)
            : string.Equals(name, pattern, StringComparison.OrdinalIgnoreCase));
    }
}
