using System.Text.RegularExpressions;

namespace Orleans.Mail.Infra.Tests;

/// <summary>No shared keys, no secrets in plain values, no rights beyond the need.</summary>
public sealed partial class SecurityTests
{
    static readonly string[] Telltale = ["password", "secret", "connectionstring", "accountkey", "token"];

    public static TheoryData<string> Environments => ["dev", "prod"];

    [Theory]
    [MemberData(nameof(Environments))]
    public void Storage_knows_no_shared_keys_and_no_public_network(string environment)
    {
        var accounts = Deployment.Of("foundation", environment).OfType("Microsoft.Storage/storageAccounts").ToList();
        Assert.NotEmpty(accounts);
        Assert.All(accounts.Select(account => account.GetProperty("properties")), account =>
        {
            Assert.False(account.GetProperty("allowSharedKeyAccess").GetBoolean());
            Assert.False(account.GetProperty("allowBlobPublicAccess").GetBoolean());
            Assert.True(account.GetProperty("supportsHttpsTrafficOnly").GetBoolean());
            Assert.Equal("TLS1_2", account.GetProperty("minimumTlsVersion").GetString());
            Assert.Equal("Disabled", account.GetProperty("publicNetworkAccess").GetString());
        });
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void What_is_secret_comes_from_the_vault(string environment) =>
        Assert.All(Deployment.Of("apps", environment).Apps, app =>
        {
            Assert.All(app.Variables.Where(variable => Telltale.Any(word => variable.Name.Contains(word, StringComparison.OrdinalIgnoreCase))), variable =>
            {
                Assert.Null(variable.Value);
                Assert.NotNull(variable.Secret);
            });
            if (!app.Configuration.TryGetProperty("secrets", out var secrets)) return;
            Assert.All(secrets.EnumerateArray(), secret =>
            {
                Assert.False(secret.TryGetProperty("value", out _));
                // The suffix of the vaults is the cloud's own, and stays an expression until the deployment.
                Assert.Matches(@"https://\{0\}\{1\}/secrets.*'kv-mail-.*suffixes\.keyvaultDns", secret.GetProperty("keyVaultUrl").GetString()!);
            });
        });

    [Fact]
    public void The_relay_s_password_is_one_of_them() =>
        Assert.All(Deployment.Of("apps", "prod").Silos, silo => Assert.Contains(silo.Variables, variable => variable is { Name: "OrleansMail__Routing__Relays__main__Password", Secret: "relay-password" }));

    [Theory]
    [MemberData(nameof(Environments))]
    public void Roles_are_given_by_the_foundation_alone_and_never_for_a_whole_account(string environment)
    {
        Assert.Empty(Deployment.Of("apps", environment).OfType("Microsoft.Authorization/roleAssignments"));
        var roles = Deployment.Of("foundation", environment).OfType("Microsoft.Authorization/roleAssignments").ToList();
        Assert.NotEmpty(roles);
        Assert.All(roles, role =>
        {
            var scope = role.GetProperty("id").GetString()!;
            Assert.Matches("/(tableServices|blobServices)/default/|/registries/|/vaults/", scope);
        });
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void Silos_are_reached_from_inside_the_network_only(string environment) =>
        Assert.All(Deployment.Of("foundation", environment).OfType("Microsoft.App/managedEnvironments"), one =>
            Assert.True(one.GetProperty("properties").GetProperty("vnetConfiguration").GetProperty("internal").GetBoolean()));

    [Fact]
    public void A_pipeline_runs_actions_of_one_commit_and_a_pull_request_gets_an_identity_that_may_only_look()
    {
        var folder = Path.Combine(Path.GetDirectoryName(Bicep.Folder)!, ".github", "workflows");
        var workflows = Directory.EnumerateFiles(folder, "*.yml").Select(File.ReadAllText).ToList();
        var actions = workflows.SelectMany(text => Action().Matches(text)).Select(match => match.Groups[1].Value).Where(action => !action.StartsWith("./", StringComparison.Ordinal)).ToList();
        Assert.True(actions.Count > 5, $"{actions.Count} found");
        // A tag can be moved to other code by whoever owns it.
        Assert.All(actions, action => Assert.Matches("^[^@]+@[0-9a-f]{40} # v[0-9.]+$", action));
        Assert.All(workflows, text => Assert.DoesNotContain("secrets.", text, StringComparison.Ordinal));
        Assert.All(workflows, text => Assert.Contains("shell: bash", text, StringComparison.Ordinal));
        // The others run what was merged.
        Assert.DoesNotContain("environment: dev\n", File.ReadAllText(Path.Combine(folder, "deploy.yml")), StringComparison.Ordinal);
        Assert.Contains("environment: what-if", File.ReadAllText(Path.Combine(folder, "deploy.yml")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipeline_builds_images_once_and_every_environment_takes_those()
    {
        var folder = Path.Combine(Path.GetDirectoryName(Bicep.Folder)!, ".github", "workflows");
        Assert.Single(Directory.EnumerateFiles(folder, "*.yml").Select(File.ReadAllText), text => text.Contains("infra/images/build", StringComparison.Ordinal));
        var environment = File.ReadAllText(Path.Combine(folder, "environment.yml"));
        Assert.Contains("infra/images/push images", environment, StringComparison.Ordinal);
        Assert.DoesNotContain("publish", environment, StringComparison.Ordinal);
    }

    [GeneratedRegex("uses: *([^\n]+)")]
    private static partial Regex Action();
}
