using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Connections.Security;

namespace Orleans.Mail;

/// <summary>
/// TLS between silos, and between clients and silos: each shows a certificate of the cluster's own authority, and takes no other. Off while none of the files is
/// named; the same on every silo and client, since one side alone cannot speak it. Configuration section <c>OrleansMail:Tls</c>; read at the start.
/// </summary>
public sealed class ClusterTlsOptions
{
    public const string SectionName = "OrleansMail:Tls";

    /// <summary>Certificate of this process, in PEM. Default: none.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>Its private key, in PEM without a password. Default: none.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Certificate of the authority that signed those of all silos and clients, in PEM. Default: none.</summary>
    public string? AuthorityFile { get; set; }

    /// <summary>The name that a silo's certificate must have, as a subject alternative name. Default: <c>orleans-mail</c>.</summary>
    public string ServerName { get; set; } = "orleans-mail";
}

/// <summary>What <see cref="ClusterTlsOptions"/> say, done to Orleans' connections.</summary>
public static class ClusterTls
{
    /// <summary>Checks the section at the start.</summary>
    public static IServiceCollection AddClusterTlsOptions(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ClusterTlsOptions>().Bind(configuration.GetSection(ClusterTlsOptions.SectionName)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ClusterTlsOptions>, ClusterTlsOptionsValidation>();
        return services;
    }

    /// <summary>The section, where it asks for TLS and could be served; null where it does not, or where its check at the start tells what is wrong.</summary>
    public static ClusterTlsOptions? Find(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var options = configuration.GetSection(ClusterTlsOptions.SectionName).Get<ClusterTlsOptions>();
        return options is { CertificateFile: not null } && ClusterTlsOptionsValidation.FaultsOf(options).Count == 0 ? options : null;
    }

    /// <summary>Everything that stands in the way of TLS by these options, each with its key and the remedy. None where no file is named, either.</summary>
    public static IReadOnlyList<string> FaultsOf(ClusterTlsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ClusterTlsOptionsValidation.FaultsOf(options);
    }

    /// <summary>Both sides of a connection show their certificate and check the other's.</summary>
    public static void Apply(ClusterTlsOptions options, TlsOptions tls)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(tls);
        var authority = X509Certificate2.CreateFromPem(File.ReadAllText(options.AuthorityFile!));
        tls.LocalCertificate = X509Certificate2.CreateFromPemFile(options.CertificateFile!, options.KeyFile);
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (certificate, _, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && IsSignedBy(authority, certificate);
        tls.OnAuthenticateAsClient = (_, authentication) => authentication.TargetHost = options.ServerName;
    }

    // The machine's own authorities have no say here.
    static bool IsSignedBy(X509Certificate2 authority, X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        return chain.Build(certificate);
    }
}

sealed class ClusterTlsOptionsValidation : IValidateOptions<ClusterTlsOptions>
{
    public static IReadOnlyList<string> FaultsOf(ClusterTlsOptions options)
    {
        var files = new[] { (nameof(options.CertificateFile), options.CertificateFile), (nameof(options.KeyFile), options.KeyFile), (nameof(options.AuthorityFile), options.AuthorityFile) };
        if (files.All(file => file.Item2 is null)) return [];
        var faults = files.Where(file => !File.Exists(file.Item2)).Select(file => $"{ClusterTlsOptions.SectionName}:{file.Item1} must name a file that can be read; it is '{file.Item2}'.").ToList();
        if (options.ServerName.Length == 0) faults.Add($"{ClusterTlsOptions.SectionName}:{nameof(options.ServerName)} must not be empty.");
        if (faults.Count > 0) return faults;
        try
        {
            using var authority = X509Certificate2.CreateFromPem(File.ReadAllText(options.AuthorityFile!));
            using var own = X509Certificate2.CreateFromPemFile(options.CertificateFile!, options.KeyFile);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            faults.Add($"{ClusterTlsOptions.SectionName}: the files are no certificate with its key and an authority, in PEM: {exception.Message}");
        }

        return faults;
    }

    public ValidateOptionsResult Validate(string? name, ClusterTlsOptions options) => FaultsOf(options) is { Count: > 0 } faults ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
}
