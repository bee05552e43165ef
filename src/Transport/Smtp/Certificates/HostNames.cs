using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Transport.Smtp.Certificates;

/// <summary>Names of hosts as TLS has them: A-labels, no dot at the end.</summary>
static class HostNames
{
    static readonly IdnMapping Idn = new();

    /// <summary>The name to ask for (SNI) and to look for in a certificate; null for what is no host name.</summary>
    public static string? ToTlsName(string name)
    {
        name = name.TrimEnd('.');
        try
        {
            if (name.Any(static letter => letter > '\x7F')) name = Idn.GetAscii(name);
        }
        catch (ArgumentException)
        {
            return null;
        }

        return Uri.CheckHostName(name) == UriHostNameType.Dns && !IPAddress.TryParse(name, out _) ? name : null;
    }

    /// <summary>RFC 6125 §6.4: the names of the certificate's own extension only, never its common name; a wildcard stands for one label, the first.</summary>
    public static bool HasOneOf(this X509Certificate2 certificate, IEnumerable<string> names) =>
        names.Select(ToTlsName).OfType<string>().Any(name => certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false));
}
