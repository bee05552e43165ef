using System.Text.Json;

namespace Orleans.Mail.Infra.Tests;

/// <summary>What an environment promises beyond its silos: who may do what, who gets in, what leaves by which address, what outlives a zone or a mistake, and what is recorded.</summary>
public sealed class FoundationTests
{
    static readonly Deployment Foundation = Deployment.Of("foundation", "prod");

    static readonly Deployment Apps = Deployment.Of("apps", "prod");

    [Fact]
    public void An_identity_may_do_what_it_needs_and_no_more()
    {
        const string TableContributor = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", TableReader = "76199698-9eea-4c19-bc75-cec21354c6b6", BlobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
        const string ImagePull = "7f951dda-4ed3-4680-a7ca-43fe172d538d", SecretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
        string[] all =
        [
            $"api may {ImagePull} on registries", $"api may {TableReader} on tableServices",
            $"silo may {BlobContributor} on blobServices", $"silo may {ImagePull} on registries", $"silo may {SecretsUser} on vaults", $"silo may {TableContributor} on tableServices",
        ];
        Assert.Equal(all.Order(StringComparer.Ordinal), Foundation.OfType("Microsoft.Authorization/roleAssignments").Select(Describe).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nobody_is_answered_by_the_api_without_a_token_of_Entra_ID()
    {
        var entra = Assert.Single(Apps.OfType("Microsoft.App/containerApps/authConfigs")).GetProperty("properties");
        Assert.True(entra.GetProperty("platform").GetProperty("enabled").GetBoolean());
        var validation = entra.GetProperty("globalValidation");
        Assert.Equal("Return401", validation.GetProperty("unauthenticatedClientAction").GetString());
        // Probes come from within. They tell of health alone.
        Assert.Equal(Apps.Api.Probes.Select(probe => probe.GetProperty("httpGet").GetProperty("path").GetString()), validation.GetProperty("excludedPaths").EnumerateArray().Select(path => path.GetString()));
        Assert.True(entra.GetProperty("identityProviders").GetProperty("azureActiveDirectory").GetProperty("enabled").GetBoolean());
        Assert.Equal("Ingress", Apps.Api.Variable("OrleansMail__Api__Authentication"));
        Assert.False(Apps.Api.Configuration.GetProperty("ingress").GetProperty("allowInsecure").GetBoolean());
    }

    [Fact]
    public void The_api_grows_with_its_requests()
    {
        var scale = Apps.Api.Template.GetProperty("scale");
        Assert.True(scale.GetProperty("minReplicas").GetInt32() < scale.GetProperty("maxReplicas").GetInt32());
        Assert.True(scale.GetProperty("rules")[0].TryGetProperty("http", out _));
    }

    [Fact]
    public void What_leaves_has_one_address_that_stays()
    {
        var apps = Assert.Single(Foundation.OfType("Microsoft.Network/virtualNetworks")).GetProperty("properties").GetProperty("subnets").EnumerateArray().Single(subnet => subnet.GetProperty("name").GetString() == "apps").GetProperty("properties");
        var gateway = Assert.Single(Foundation.OfType("Microsoft.Network/natGateways"));
        Assert.Equal(gateway.GetProperty("id").GetString(), apps.GetProperty("natGateway").GetProperty("id").GetString());
        var address = Assert.Single(Foundation.OfType("Microsoft.Network/publicIPAddresses"));
        Assert.Equal("Static", address.GetProperty("properties").GetProperty("publicIPAllocationMethod").GetString());
        Assert.Equal(address.GetProperty("id").GetString(), Assert.Single(gateway.GetProperty("properties").GetProperty("publicIpAddresses").EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public void Storage_and_secrets_are_reached_from_inside_the_network_alone()
    {
        var services = Foundation.OfType("Microsoft.Network/privateEndpoints").Select(endpoint => endpoint.GetProperty("properties").GetProperty("privateLinkServiceConnections")[0].GetProperty("properties").GetProperty("groupIds")[0].GetString());
        Assert.Equal(["blob", "table", "vault"], services.Order());
        var vault = Assert.Single(Foundation.OfType("Microsoft.KeyVault/vaults")).GetProperty("properties");
        Assert.Equal(("Disabled", true), (vault.GetProperty("publicNetworkAccess").GetString(), vault.GetProperty("enableRbacAuthorization").GetBoolean()));
    }

    [Fact]
    public void A_zone_may_go_and_what_was_deleted_comes_back()
    {
        Assert.Equal("Standard_ZRS", Assert.Single(Foundation.OfType("Microsoft.Storage/storageAccounts")).GetProperty("sku").GetProperty("name").GetString());
        Assert.True(Assert.Single(Foundation.OfType("Microsoft.App/managedEnvironments")).GetProperty("properties").GetProperty("zoneRedundant").GetBoolean());
        var blobs = Assert.Single(Foundation.OfType("Microsoft.Storage/storageAccounts/blobServices")).GetProperty("properties");
        foreach (var policy in new[] { "deleteRetentionPolicy", "containerDeleteRetentionPolicy" })
            Assert.Equal((true, 14), (blobs.GetProperty(policy).GetProperty("enabled").GetBoolean(), blobs.GetProperty(policy).GetProperty("days").GetInt32()));
        var vault = Assert.Single(Foundation.OfType("Microsoft.KeyVault/vaults")).GetProperty("properties");
        Assert.True(vault.GetProperty("enableSoftDelete").GetBoolean() && vault.GetProperty("enablePurgeProtection").GetBoolean());
    }

    [Fact]
    public void What_has_something_to_tell_sends_it_to_the_workspace()
    {
        var told = Foundation.OfType("Microsoft.Insights/diagnosticSettings").Select(setting => setting.GetProperty("id").GetString()!.Split("/providers/Microsoft.Insights")[0]).ToList();
        string[] types = ["Microsoft.Storage/storageAccounts/blobServices", "Microsoft.Storage/storageAccounts/tableServices", "Microsoft.KeyVault/vaults", "Microsoft.ContainerRegistry/registries", "Microsoft.App/managedEnvironments"];
        Assert.All(types, type => Assert.Contains(Assert.Single(Foundation.OfType(type)).GetProperty("id").GetString(), told));
    }

    static string Describe(JsonElement assignment)
    {
        var properties = assignment.GetProperty("properties");
        var who = properties.GetProperty("principalId").GetString()!.Contains("/id-mail-silo-", StringComparison.Ordinal) ? "silo" : "api";
        var scope = assignment.GetProperty("id").GetString()!.Split("/providers/Microsoft.Authorization")[0].Split('/');
        // Of a storage account its one service: .../tableServices/default.
        return $"{who} may {properties.GetProperty("roleDefinitionId").GetString()!.Split('/')[^1]} on {scope[^2]}";
    }
}
