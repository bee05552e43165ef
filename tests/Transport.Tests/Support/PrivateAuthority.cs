using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Transport.Tests.Support;

/// <summary>A certificate authority that nobody knows unless told.</summary>
sealed class PrivateAuthority : IDisposable
{
    static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    PrivateAuthority(X509Certificate2 certificate) => Certificate = certificate;

    public X509Certificate2 Certificate { get; }

    public static PrivateAuthority Create(string name = "Private Root")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new PrivateAuthority(RequestOf(name, key, isAuthority: true).CreateSelfSigned(Now.AddYears(-2), Now.AddYears(2)));
    }

    public PrivateAuthority CreateBelow(string name, int toDay = 365)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new PrivateAuthority(Sign(RequestOf(name, key, isAuthority: true), key, Now.AddYears(-1), Now.AddDays(toDay)));
    }

    /// <summary>A certificate for DNS names, or as a test changes it.</summary>
    public X509Certificate2 Issue(string[] names, Action<CertificateRequest>? change = null, int fromDay = -30, int toDay = 30, string commonName = "leaf")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = RequestOf(commonName, key, isAuthority: false);
        if (names.Length > 0)
        {
            var builder = new SubjectAlternativeNameBuilder();
            foreach (var name in names)
            {
                if (IPAddress.TryParse(name, out var address)) builder.AddIpAddress(address);
                else builder.AddDnsName(name);
            }

            request.CertificateExtensions.Add(builder.Build());
        }

        change?.Invoke(request);
        return Sign(request, key, Now.AddDays(fromDay), Now.AddDays(toDay));
    }

    /// <summary>What a server shows: a certificate and the issuers it chooses to send.</summary>
    public static SslStreamCertificateContext Shown(X509Certificate2 certificate, params X509Certificate2[] issuers) =>
        SslStreamCertificateContext.Create(certificate, [.. issuers], offline: true);

    /// <summary>A file to trust.</summary>
    public string WritePem()
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7(Now)}-{Certificate.Thumbprint}.pem");
        File.WriteAllText(file, Certificate.ExportCertificatePem());
        return file;
    }

    public void Dispose() => Certificate.Dispose();

    static CertificateRequest RequestOf(string name, ECDsa key, bool isAuthority)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        return request;
    }

    X509Certificate2 Sign(CertificateRequest request, ECDsa key, DateTimeOffset from, DateTimeOffset to)
    {
        using var issuerKey = Certificate.GetECDsaPrivateKey()!;
        var generator = X509SignatureGenerator.CreateForECDsa(issuerKey);
        using var signed = request.Create(Certificate.SubjectName, generator, from, to, RandomNumberGenerator.GetBytes(8));
        using var whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
    }
}
