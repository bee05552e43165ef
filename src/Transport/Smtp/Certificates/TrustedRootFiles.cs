using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Transport.Smtp.Certificates;

/// <summary>Roots of the operator's own, from PEM files.</summary>
static class TrustedRootFiles
{
    public static X509Certificate2Collection Load(IEnumerable<string> files)
    {
        var roots = new X509Certificate2Collection();
        foreach (var file in files) roots.ImportFromPemFile(file);
        return roots;
    }

    /// <summary>Whether a file can be read and has a certificate in it.</summary>
    public static bool IsGood(string file)
    {
        try
        {
            return Load([file]).Count > 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            return false;
        }
    }
}
