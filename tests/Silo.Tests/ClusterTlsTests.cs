using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Mail.Support;

namespace Orleans.Mail.Silo.Tests;

/// <summary>Silos and clients that know each other by certificates of one authority.</summary>
public sealed class ClusterTlsTests : IDisposable
{
    readonly ClusterAuthority _ours = new();
    readonly ClusterAuthority _theirs = new();

    public void Dispose()
    {
        _ours.Dispose();
        _theirs.Dispose();
    }

    [Fact]
    public async Task Two_silos_speak_it_with_each_other_and_with_their_client()
    {
        AzuriteInstance.Require();
        await using var azurite = await AzuriteInstance.StartAsync();
        var tls = Settings(_ours);
        string[] settings = [.. tls, "Silo:Storage=Azure", $"AzureSpool:ConnectionString={azurite.ConnectionString}", "AzureSpool:ShardCount=8"];
        await using var first = await RunningSilo.StartAsync(null, settings);
        await using var second = await RunningSilo.StartAsync(null, settings);
        await using var client = await ConnectAsync(first, tls);
        // Their shards lie on both.
        var submitted = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => client.SubmitAsync(MailDraft.FromEml(RunningSilo.Content, "a@sender.test", [$"b{number}@delivered.test"]))));
        foreach (var one in submitted) await first.UntilFinalAsync(one.Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_without_a_certificate_of_the_authority_gets_nothing(bool hasAnother)
    {
        await using var silo = await RunningSilo.StartAsync(null, Settings(_ours));
        await Assert.ThrowsAsync<MailException>(() => ConnectAsync(silo, hasAnother ? Settings(_theirs) : [], seconds: 5));
        await using var client = await ConnectAsync(silo, Settings(_ours));
    }

    [Fact]
    public async Task A_silo_of_another_name_is_not_believed()
    {
        await using var silo = await RunningSilo.StartAsync(null, Settings(_ours, "somebody"));
        await Assert.ThrowsAsync<MailException>(() => ConnectAsync(silo, Settings(_ours)));
    }

    [Fact]
    public async Task Files_that_are_not_there_stop_the_start()
    {
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => RunningSilo.StartAsync(null, "Tls:CertificateFile=/nowhere"));
        Assert.Contains("OrleansMail:Tls:CertificateFile", fault.Message, StringComparison.Ordinal);
        Assert.Contains("OrleansMail:Tls:AuthorityFile", fault.Message, StringComparison.Ordinal);
    }

    static Task<MailClient> ConnectAsync(RunningSilo silo, string[] tls, int seconds = 20)
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
            connectTimeout: TimeSpan.FromSeconds(seconds));
    }

    static string Value(string[] settings, int index) => settings[index][(settings[index].IndexOf('=', StringComparison.Ordinal) + 1)..];

    static string[] Settings(ClusterAuthority authority, string name = "orleans-mail")
    {
        var (certificate, key) = authority.Issue(name);
        return [$"Tls:CertificateFile={certificate}", $"Tls:KeyFile={key}", $"Tls:AuthorityFile={authority.AuthorityFile}"];
    }
}
