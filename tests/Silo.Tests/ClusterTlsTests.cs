using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Mail.Support;

namespace Orleans.Mail.Silo.Tests;

/// <summary>Silos and clients that know each other by certificates of one authority.</summary>
public sealed class ClusterTlsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("mail-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Two_silos_speak_it_with_each_other_and_with_their_client()
    {
        AzuriteInstance.Require();
        await using var azurite = await AzuriteInstance.StartAsync();
        var tls = Settings("ours");
        string[] settings = [.. tls, "Silo:Storage=Azure", $"AzureSpool:ConnectionString={azurite.ConnectionString}", "AzureSpool:ShardCount=8"];
        await using var first = await RunningSilo.StartAsync(null, settings);
        await using var second = await RunningSilo.StartAsync(null, settings);
        await using var client = await ConnectAsync(first, tls);
        // Their shards lie on both.
        var submitted = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => client.SubmitAsync(MailDraft.FromEml(RunningSilo.Content, "a@sender.test", [$"b{number}@delivered.test"]))));
        foreach (var one in submitted) await first.UntilFinalAsync(one.Id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("theirs")]
    public async Task A_client_without_a_certificate_of_the_authority_gets_nothing(string? authority)
    {
        await using var silo = await RunningSilo.StartAsync(null, Settings("ours"));
        var tls = authority is null ? [] : Settings(authority);
        await Assert.ThrowsAsync<MailException>(() => ConnectAsync(silo, tls));
        await using var client = await ConnectAsync(silo, Settings("ours"));
    }

    [Fact]
    public async Task A_silo_of_another_name_is_not_believed()
    {
        await using var silo = await RunningSilo.StartAsync(null, Settings("ours", "somebody"));
        await Assert.ThrowsAsync<MailException>(() => ConnectAsync(silo, Settings("ours")));
    }

    [Fact]
    public async Task Files_that_are_not_there_stop_the_start()
    {
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => RunningSilo.StartAsync(null, "Tls:CertificateFile=/nowhere"));
        Assert.Contains("OrleansMail:Tls:CertificateFile", fault.Message, StringComparison.Ordinal);
        Assert.Contains("OrleansMail:Tls:AuthorityFile", fault.Message, StringComparison.Ordinal);
    }

    static Task<MailClient> ConnectAsync(RunningSilo silo, string[] tls)
    {
        var gateway = silo.App.Services.GetRequiredService<ILocalSiloDetails>().GatewayAddress.Endpoint;
        return MailClient.ConnectAsync(
            client =>
            {
                client.UseStaticClustering(gateway).Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("orleans-mail", "orleans-mail"));
                if (tls.Length == 0) return;
                var options = new ClusterTlsOptions { CertificateFile = Value(tls, 0), KeyFile = Value(tls, 1), AuthorityFile = Value(tls, 2) };
                client.UseTls(connections => ClusterTls.Apply(options, connections));
            },
            connectTimeout: TimeSpan.FromSeconds(tls.Length > 0 && tls[0].Contains("ours", StringComparison.Ordinal) ? 20 : 5));
    }

    static string Value(string[] settings, int index) => settings[index][(settings[index].IndexOf('=', StringComparison.Ordinal) + 1)..];

    string[] Settings(string authority, string name = "orleans-mail")
    {
        var (certificate, key, root) = (FileOf($"{authority}-{name}.crt"), FileOf($"{authority}-{name}.key"), FileOf($"{authority}.crt"));
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (!File.Exists(root)) File.WriteAllText(FileOf($"{authority}.key"), rootKey.ExportPkcs8PrivateKeyPem());
        else rootKey.ImportFromPem(File.ReadAllText(FileOf($"{authority}.key")));
        var now = DateTimeOffset.UtcNow;
        var request = new CertificateRequest($"CN={authority}", rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (!File.Exists(root))
        {
            using var made = request.CreateSelfSigned(now.AddHours(-2), now.AddDays(2));
            File.WriteAllText(root, made.ExportCertificatePem());
        }

        using var issuer = X509Certificate2.CreateFromPem(File.ReadAllText(root)).CopyWithPrivateKey(rootKey);
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest($"CN={name}", leafKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        leaf.CertificateExtensions.Add(names.Build());
        using var signed = leaf.Create(issuer, now.AddHours(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(certificate, signed.ExportCertificatePem());
        File.WriteAllText(key, leafKey.ExportPkcs8PrivateKeyPem());
        return [$"Tls:CertificateFile={certificate}", $"Tls:KeyFile={key}", $"Tls:AuthorityFile={root}"];
    }

    string FileOf(string name) => Path.Combine(_folder, name);
}
