using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Support;

/// <summary>An authority that only one cluster believes, and the certificates it signed, as PEM files.</summary>
public sealed class ClusterAuthority : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("mail-tls-").FullName;
    readonly X509Certificate2 _root;

    public ClusterAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a cluster", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        _root = request.CreateSelfSigned(now.AddHours(-2), now.AddDays(2));
        File.WriteAllText(AuthorityFile, _root.ExportCertificatePem());
    }

    public string AuthorityFile => Path.Combine(_folder, "authority.crt");

    /// <summary>A new certificate with this name, and its key.</summary>
    public (string CertificateFile, string KeyFile) Issue(string name = "orleans-mail")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(8);
        using var signed = request.Create(_root, now.AddHours(-1), now.AddDays(1), serial);
        var path = Path.Combine(_folder, Convert.ToHexStringLower(serial));
        File.WriteAllText(path + ".crt", signed.ExportCertificatePem());
        File.WriteAllText(path + ".key", key.ExportPkcs8PrivateKeyPem());
        return (path + ".crt", path + ".key");
    }

    public void Dispose()
    {
        _root.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
