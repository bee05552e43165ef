using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Mail.Policy.Submission;

/// <summary>
/// The names under which a tenant may send: a domain, a domain with a leading dot for every domain below it, or one address. Immutable. Local parts are
/// compared without regard to case, as the domain that owns them nearly always does.
/// </summary>
public sealed class SenderList
{
    readonly FrozenSet<string> _domains;
    readonly FrozenSet<string> _addresses;
    readonly string[] _parents;

    SenderList(IEnumerable<string> domains, IEnumerable<string> parents, IEnumerable<string> addresses)
    {
        _domains = domains.ToFrozenSet(StringComparer.Ordinal);
        _parents = [.. parents];
        _addresses = addresses.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <param name="entries">As configuration writes them.</param>
    /// <param name="list">The list.</param>
    /// <param name="problem">The first entry that is none, and why.</param>
    public static bool TryParse(IEnumerable<string> entries, [NotNullWhen(true)] out SenderList? list, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(entries);
        (list, problem) = (null, null);
        var (domains, parents, addresses) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var entry in entries)
        {
            if (entry.Contains('@', StringComparison.Ordinal))
            {
                if (Mailbox.TryParse(entry, out var mailbox, out problem)) addresses.Add(mailbox.ToString());
            }
            else if (Mailbox.TryParseDomain(entry.StartsWith('.') ? entry[1..] : entry, out var domain, out problem))
            {
                if (entry.StartsWith('.')) parents.Add("." + domain);
                else domains.Add(domain);
            }

            if (problem is not null) return false;
        }

        list = new SenderList(domains, parents, addresses);
        return true;
    }

    /// <summary>Everything that a submission says to be and may not be, none of it repeated.</summary>
    /// <param name="from">Envelope sender; null for the null sender, to which nothing ever comes back.</param>
    /// <param name="authors">Addresses of the From field; empty where they cannot be told for certain.</param>
    public IEnumerable<SubmitFault> Faults(Mailbox? from, IReadOnlyCollection<string> authors)
    {
        ArgumentNullException.ThrowIfNull(authors);
        if (from is not null && !Allows(from.ToString())) yield return new SubmitFault("from", $"is no sender of this tenant; {Remedy}");
        if (authors.Count == 0) yield return new SubmitFault("content", "has a From field that cannot be read for certain, and this tenant has a list of senders; write From: Name <address>");
        else if (!authors.All(Allows)) yield return new SubmitFault("content", $"has a From field with an address that is no sender of this tenant; {Remedy}");
    }

    const string Remedy = "send from one of its own, or add the address or its domain to OrleansMail:Tenants:{tenant}:Senders";

    /// <summary>Whether an address is on the list, or below a domain that is.</summary>
    public bool Allows(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var at = address.LastIndexOf('@');
        if (at <= 0 || !Mailbox.TryParseDomain(address[(at + 1)..], out var domain, out _)) return false;
        return _domains.Contains(domain) || _addresses.Contains($"{address[..at]}@{domain}") || Array.Exists(_parents, parent => domain.EndsWith(parent, StringComparison.Ordinal));
    }
}
