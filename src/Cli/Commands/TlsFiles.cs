using System.CommandLine;
using Microsoft.Extensions.Configuration;

namespace Orleans.Mail.Cli.Commands;

/// <summary>TLS towards silos that speak it: the options here, and <c>OrleansMail:Tls</c> in the environment, as silos have it, where one is not given.</summary>
sealed class TlsFiles
{
    readonly Option<string?> _certificate = File("--tls-certificate", "Certificate to show to silos that speak TLS, in PEM", nameof(ClusterTlsOptions.CertificateFile));
    readonly Option<string?> _key = File("--tls-key", "Its private key, in PEM", nameof(ClusterTlsOptions.KeyFile));
    readonly Option<string?> _authority = File("--tls-authority", "Certificate of the authority that signed those of the silos, in PEM", nameof(ClusterTlsOptions.AuthorityFile));

    readonly Option<string?> _name = new("--tls-name")
    {
        Description = $"The name in the silos' certificates. Default: {Variable(nameof(ClusterTlsOptions.ServerName))}, or {new ClusterTlsOptions().ServerName}.",
        HelpName = "name",
        Recursive = true,
    };

    public IEnumerable<Option> Options => [_certificate, _key, _authority, _name];

    /// <summary>Null where nothing asks for TLS.</summary>
    public ClusterTlsOptions? Of(ParseResult parsed)
    {
        var environment = new ConfigurationBuilder().AddEnvironmentVariables().Build().GetSection(ClusterTlsOptions.SectionName).Get<ClusterTlsOptions>() ?? new ClusterTlsOptions();
        var tls = new ClusterTlsOptions
        {
            CertificateFile = parsed.GetValue(_certificate) ?? environment.CertificateFile,
            KeyFile = parsed.GetValue(_key) ?? environment.KeyFile,
            AuthorityFile = parsed.GetValue(_authority) ?? environment.AuthorityFile,
            ServerName = parsed.GetValue(_name) ?? environment.ServerName,
        };
        return tls is { CertificateFile: null, KeyFile: null, AuthorityFile: null } ? null : tls;
    }

    static Option<string?> File(string name, string meaning, string key) => new(name) { Description = $"{meaning}. Default: {Variable(key)}.", HelpName = "file", Recursive = true };

    static string Variable(string key) => $"{ClusterTlsOptions.SectionName}:{key}".Replace(":", "__", StringComparison.Ordinal);
}
