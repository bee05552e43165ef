using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Policy.Routing;

/// <summary>The name of a site: the mail hosts of the recipient domain, else that domain. Lower case.</summary>
/// <remarks>
/// Domains with the same set of mail hosts get the same name. A single host is the name itself; of several the shortest speaks for all, with
/// the number of the others and a digest of the whole set, as in <c>gmail-smtp-in.l.google.com+4~8f3c1b2a9d0e7f65</c>, so that no two sets share a name.
/// </remarks>
public readonly record struct SiteKey(string Value)
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 120;

    const int MaxShownLength = 90;

    /// <summary>The site that the name service leads a domain to. Where it leads nowhere, the domain is a site of its own, so that its trouble is nobody else's.</summary>
    /// <param name="domain">Lower-case A-labels.</param>
    /// <param name="answer">What the name service said.</param>
    public static SiteKey Of(string domain, MxAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (answer.Status != MxStatus.Hosts) return OfNames([domain]);
        return OfNames(answer.Names.IsDefaultOrEmpty ? answer.Hosts.Select(host => host.Name) : answer.Names);
    }

    /// <summary>The site of a set of mail hosts, in whatever order and however often each is named.</summary>
    public static SiteKey OfNames(IEnumerable<string> names)
    {
        var set = names.Select(name => name.TrimEnd('.').ToLowerInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        if (set.Length == 0) throw new ArgumentException("A site has a host.", nameof(names));
        var speaker = set.MinBy(name => name.Length)!;
        if (set.Length == 1 && speaker.Length <= MaxShownLength && speaker.All(IsPlain)) return new(speaker);
        var shown = string.Concat(speaker.Take(MaxShownLength).Select(character => IsPlain(character) ? character : '_'));
        var others = set.Length > 1 ? $"+{set.Length - 1}" : "";
        // A line feed is in no name as the resolver writes it, so that two sets never make the same text.
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', set)));
        return new($"{shown}{others}~{Convert.ToHexStringLower(digest.AsSpan(0, 8))}");
    }

    public override string ToString() => Value;

    // Fit for a grain key, a metric tag and an address bar; neither + nor ~, which tell the forms apart.
    static bool IsPlain(char character) => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_';
}
