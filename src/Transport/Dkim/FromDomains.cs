using System.Collections.Immutable;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>Whose mail it says to be: the domains of its one From field, as lower-case A-labels. None when that cannot be told for certain.</summary>
static class FromDomains
{
    public static ImmutableArray<string> Of(HeaderFields fields)
    {
        var domains = ImmutableArray.CreateBuilder<string>(1);
        foreach (var address in ContentAuthors.Of(fields))
        {
            if (!Mailbox.TryParseDomain(address[(address.LastIndexOf('@') + 1)..], out var domain, out _)) return [];
            if (!domains.Contains(domain)) domains.Add(domain);
        }

        return domains.DrainToImmutable();
    }
}
