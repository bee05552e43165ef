using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Transport.Tests.TlsPolicies;

/// <summary>A web server on loopback that serves policies, with certificates of an authority of its own.</summary>
sealed class PolicyHost : IAsyncDisposable
{
    readonly WebApplication _application;
    int _requests;

    PolicyHost(WebApplication application) => _application = application;

    public static X509Certificate2 Authority { get; } = NewAuthority();

    public int Port => new Uri(_application.Urls.First()).Port;

    /// <summary>Requests so far.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>What is said to a request.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = _ => Task.CompletedTask;

    public static async Task<PolicyHost> StartAsync(string certificateName, int validDays = 30)
    {
        var certificate = Issue(certificateName, validDays);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = certificate })));
        var application = builder.Build();
        var host = new PolicyHost(application);
        application.Run(context =>
        {
            Interlocked.Increment(ref host._requests);
            return host.Answer(context);
        });
        await application.StartAsync();
        return host;
    }

    public static Func<HttpContext, Task> Text(string policy, string contentType = "text/plain") => context =>
    {
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(policy);
    };

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    static X509Certificate2 NewAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Policy Root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddYears(-1), now.AddYears(1));
    }

    static X509Certificate2 Issue(string name, int validDays)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(Authority, now.AddDays(-30), now.AddDays(validDays), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
