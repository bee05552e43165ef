using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>One key of one domain, ready to sign.</summary>
sealed record DomainKey(string Domain, string Selector, FrozenSet<string> Tenants, SigningKey Key)
{
    /// <summary>Where its public half is published.</summary>
    public string RecordName => $"{Selector}._domainkey.{Domain}";
}

/// <summary>Options and keys of one moment. A message is signed by one plan, whatever is changed meanwhile.</summary>
sealed class SigningPlan(DkimOptions options, ImmutableArray<DomainKey> keys)
{
    readonly FrozenSet<string> _requiredTenants = options.RequiredTenants.ToFrozenSet(StringComparer.Ordinal);
    readonly FrozenSet<string> _requiredDomains = options.RequiredDomains.Select(Canonical).ToFrozenSet(StringComparer.Ordinal);

    public ImmutableArray<DomainKey> Keys => keys;

    public TimeSpan? SignatureLifetime { get; } = options.SignatureLifetime;

    /// <summary>Whether there is neither anything to sign with nor anything to refuse.</summary>
    public bool IsEmpty => keys.IsEmpty && _requiredDomains.Count == 0 && _requiredTenants.Count == 0;

    /// <summary>The signing domain nearest to the From domain, at it or above it, of those the tenant may use: every key of it signs.</summary>
    public ImmutableArray<DomainKey> For(string tenant, string fromDomain)
    {
        var usable = keys.Where(key => IsAtOrBelow(fromDomain, key.Domain) && (key.Tenants.Count == 0 || key.Tenants.Contains(tenant))).ToImmutableArray();
        if (usable.Length < 2) return usable;
        // Of domains that all end the same name, the longest is the nearest.
        var nearest = usable.Max(key => key.Domain.Length);
        return [.. usable.Where(key => key.Domain.Length == nearest)];
    }

    public bool IsRequired(string tenant, ImmutableArray<string> fromDomains) =>
        _requiredTenants.Contains(tenant) || _requiredTenants.Contains(DkimOptions.Any) || _requiredDomains.Contains(DkimOptions.Any)
        || fromDomains.Any(domain => _requiredDomains.Any(required => IsAtOrBelow(domain, required)));

    public static string Canonical(string domain) => Mailbox.TryParseDomain(domain, out var canonical, out _) ? canonical : domain;

    static bool IsAtOrBelow(string domain, string parent) =>
        domain.EndsWith(parent, StringComparison.Ordinal) && (domain.Length == parent.Length || domain[^(parent.Length + 1)] == '.');
}
