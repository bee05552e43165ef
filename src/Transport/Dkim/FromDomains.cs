using System.Collections.Immutable;
using MimeKit;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>Whose mail it says to be: the domains of its one From field, as lower-case A-labels. None when that cannot be told for certain.</summary>
static class FromDomains
{
    public static ImmutableArray<string> Of(HeaderFields fields)
    {
        // RFC 5322 §3.6 allows one From. With two, receivers differ in which they show, and a signature would vouch for either.
        var from = fields.Named("From").ToList();
        if (from.Count != 1) return [];
        var value = fields.Value(from[0]).ToArray();
        if (!InternetAddressList.TryParse(value, 0, value.Length, out var addresses)) return [];
        var domains = ImmutableArray.CreateBuilder<string>(1);
        foreach (var mailbox in addresses.Mailboxes)
        {
            var at = mailbox.Address.LastIndexOf('@');
            if (at < 0 || !Mailbox.TryParseDomain(mailbox.Address[(at + 1)..], out var domain, out _)) return [];
            if (!domains.Contains(domain)) domains.Add(domain);
        }

        return domains.DrainToImmutable();
    }
}
