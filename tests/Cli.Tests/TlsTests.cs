using Orleans.Mail.Cli.Commands;
using Orleans.Mail.Support;

namespace Orleans.Mail.Cli.Tests;

/// <summary>A silo that speaks TLS with those who show a certificate of its authority.</summary>
public sealed class TlsTests : IDisposable
{
    static readonly string[] List = ["message", "list", "--output", "json"];

    readonly ClusterAuthority _ours = new();
    readonly ClusterAuthority _theirs = new();
    readonly string _folder = Directory.CreateTempSubdirectory("mail-cli-").FullName;
    readonly StringWriter _output = new();
    readonly StringWriter _talk = new();

    public void Dispose()
    {
        _ours.Dispose();
        _theirs.Dispose();
        _output.Dispose();
        _talk.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Only_a_command_with_the_clusters_certificates_is_answered()
    {
        var (certificate, key) = _ours.Issue();
        await using var silo = await SiloProcess.StartReadyAsync(new SiloSettings { Folder = _folder }.With(
            ("OrleansMail:Tls:CertificateFile", certificate), ("OrleansMail:Tls:KeyFile", key), ("OrleansMail:Tls:AuthorityFile", _ours.AuthorityFile)));
        string[] command = [.. List, "--gateway", $"localhost:{silo.GatewayPort}"];

        Assert.Equal(ExitCodes.Unreachable, await RunAsync(command));
        Assert.Equal(ExitCodes.Unreachable, await RunAsync([.. command, .. Options(_theirs)]));
        Assert.Equal(ExitCodes.Unreachable, await RunAsync([.. command, .. Options(_ours), "--tls-name", "another"]));
        Assert.Equal((ExitCodes.Ok, ""), (await RunAsync([.. command, .. Options(_ours)]), _talk.ToString()));

        // As the silos themselves have it.
        var environment = new Dictionary<string, string>
        {
            ["OrleansMail__Tls__CertificateFile"] = certificate,
            ["OrleansMail__Tls__KeyFile"] = key,
            ["OrleansMail__Tls__AuthorityFile"] = _ours.AuthorityFile,
        };
        await using var process = Tool.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "orleans-mail.dll"), .. command], _folder, environment);
        await process.WaitForExitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((ExitCodes.Ok, ""), (process.ExitCode, process.Output));
    }

    [Fact]
    public async Task Files_that_are_missing_are_2_and_named_all_at_once()
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync([.. List, "--tls-certificate", Path.Combine(_folder, "none.crt")]));
        Assert.Contains("CertificateFile", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("KeyFile", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("AuthorityFile", _talk.ToString(), StringComparison.Ordinal);
    }

    Task<int> RunAsync(string[] args)
    {
        _talk.GetStringBuilder().Clear();
        return CommandLine.RunAsync(args, Gateway.ConnectAsync, _output, _talk, TestContext.Current.CancellationToken);
    }

    static string[] Options(ClusterAuthority authority)
    {
        var (certificate, key) = authority.Issue();
        return ["--tls-certificate", certificate, "--tls-key", key, "--tls-authority", authority.AuthorityFile];
    }
}
