using MimeKit;
using Orleans.Mail.Transport.Dkim;

namespace Orleans.Mail.Transport;

/// <summary>Whose mail content says to be (RFC 5322 §3.6.2).</summary>
public static class ContentAuthors
{
    /// <summary>The addresses of its one From field; none where they cannot be told for certain.</summary>
    /// <param name="content">Content that passed the submission rules.</param>
    public static IReadOnlyList<string> Of(byte[] content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return Of(HeaderFields.Of(content));
    }

    internal static IReadOnlyList<string> Of(HeaderFields fields)
    {
        // RFC 5322 §3.6 allows one From. With two, receivers differ in which they show, and a signature would vouch for either.
        var from = fields.Named("From").ToList();
        if (from.Count != 1) return [];
        var value = fields.Value(from[0]).ToArray();
        if (!InternetAddressList.TryParse(value, 0, value.Length, out var addresses)) return [];
        var found = addresses.Mailboxes.Select(mailbox => mailbox.Address).ToArray();
        return Array.TrueForAll(found, address => address.Contains('@', StringComparison.Ordinal)) ? found : [];
    }
}
