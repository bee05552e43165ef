using Orleans.Mail.Support;

namespace Orleans.Mail.Infra.Tests;

/// <summary>What keeps an operator from the two dear mistakes: a silo replaced in its place, and a bill that nobody saw coming.</summary>
public sealed class GuardTests : IDisposable
{
    const string NewImage = "example.azurecr.io/orleans-mail-silo@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly string _folder = Directory.CreateTempSubdirectory("mail-guard-").FullName;

    string Calls => File.ReadAllText(Path.Combine(_folder, "calls"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("guard")]
    [InlineData("start", "b", "1")]
    public async Task A_silo_that_runs_another_image_is_not_replaced_in_its_place(params string[] arguments)
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => DriveAsync("ca-silo-prod-b0", arguments));
        Assert.Contains("ca-silo-prod-b0", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"image!='{NewImage}'", Calls, StringComparison.Ordinal);
        Assert.Contains("\"mail-generation\"=='b'", Calls, StringComparison.Ordinal);
        Assert.DoesNotContain("deployment", Calls, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_azd_pushed_by_a_tag_is_deployed_by_its_digest()
    {
        await DriveWithAsync(["SERVICE_SILO_IMAGE_NAME=example.azurecr.io/orleans-mail/silo-prod:azd-deploy-1"], "", "guard");
        const string Pinned = "example.azurecr.io/orleans-mail/silo-prod@sha256:2222";
        Assert.Contains("acr repository show --name example --image orleans-mail/silo-prod:azd-deploy-1", Calls, StringComparison.Ordinal);
        Assert.Contains($"azd env set SERVICE_SILO_IMAGE_NAME {Pinned}", Calls, StringComparison.Ordinal);
        Assert.DoesNotContain("SERVICE_API_IMAGE_NAME", Calls, StringComparison.Ordinal);
        Assert.Contains($"image!='{Pinned}'", Calls, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Azd_gets_the_parameters_of_its_environment_or_is_told_that_there_are_none()
    {
        var copy = CopyOfInfra();
        foreach (var environment in new[] { "dev", "prod" })
        {
            await RunAsync(copy, [$"AZURE_ENV_NAME={environment}"], "", "parameters");
            foreach (var layer in new[] { "foundation", "apps" })
                Assert.Equal(File.ReadAllText(Path.Combine(Bicep.Folder, layer, $"main.{environment}.bicepparam")), File.ReadAllText(Path.Combine(copy, layer, "main.bicepparam")));
        }

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(copy, ["AZURE_ENV_NAME=stage"], "", "parameters"));
        Assert.Contains("main.stage.bicepparam", refused.Message, StringComparison.Ordinal);
        // Before each command of azd that reads them.
        var azd = await File.ReadAllTextAsync(Path.Combine(Bicep.Folder, "..", "azure.yaml"), TestContext.Current.CancellationToken);
        foreach (var hook in new[] { "preprovision", "predown" })
            Assert.Contains($"\n  {hook}:\n    shell: sh\n    run: infra/drivers/azure parameters\n", azd, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public async Task A_silo_starts_with_the_parameters_of_its_environment(string environment)
    {
        await DriveWithAsync([$"AZURE_ENV_NAME={environment}"], "", "start", "b", "1");
        Assert.Contains($"apps/main.{environment}.bicepparam", Calls, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_starts_where_none_would_be_replaced()
    {
        await DriveAsync("", "start", "b", "1");
        Assert.Contains("deployment sub create --name mail-apps-b1", Calls, StringComparison.Ordinal);
        Assert.Contains("siloCount=2", Calls, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_budget_tells_whoever_gets_alerts_and_is_there_only_where_an_amount_is_named()
    {
        const string Type = "Microsoft.Consumption/budgets";
        Assert.Empty(Deployment.Of("foundation", "prod").OfType(Type));
        var deployment = await Deployment.MakeAsync("foundation", "prod", new Dictionary<string, string> { ["MONTHLY_BUDGET"] = "750", ["BUDGET_FROM"] = "2027-01-01", ["ALERT_EMAIL"] = "operators@example.com" });
        var budget = Assert.Single(deployment.OfType(Type)).GetProperty("properties");
        Assert.Equal((750, "2027-01-01"), (budget.GetProperty("amount").GetInt32(), budget.GetProperty("timePeriod").GetProperty("startDate").GetString()));
        Assert.All(budget.GetProperty("notifications").EnumerateObject(), notice => Assert.Equal("operators@example.com", notice.Value.GetProperty("contactEmails")[0].GetString()));
    }

    Task DriveAsync(string running, params string[] arguments) => DriveWithAsync([], running, arguments);

    string CopyOfInfra()
    {
        var copy = Path.Combine(_folder, "infra");
        foreach (var file in Directory.EnumerateFiles(Bicep.Folder, "main.*.bicepparam", SearchOption.AllDirectories).Append(Path.Combine(Bicep.Folder, "drivers", "azure")))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Bicep.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    Task DriveWithAsync(string[] variables, string running, params string[] arguments) => RunAsync(Bicep.Folder, variables, running, arguments);

    // In place of az and azd, which answer nobody who has not signed in: programs that note what they are asked, and say what runs.
    Task RunAsync(string infra, string[] variables, string running, params string[] arguments)
    {
        foreach (var name in new[] { "az", "azd" })
        {
            var program = Path.Combine(_folder, name);
            File.WriteAllText(program, $"#!/usr/bin/env bash\necho \"{name} $*\" >> '{_folder}/calls'\ncase $1 in containerapp) echo '{running}' ;; acr) echo sha256:2222 ;; esac\n");
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return Tool.RunAsync(
            "env",
            [$"PATH={_folder}:{Environment.GetEnvironmentVariable("PATH")}", "AZURE_ENV_NAME=prod", "AZURE_LOCATION=westeurope", "MAIL_GENERATION=b", $"SERVICE_SILO_IMAGE_NAME={NewImage}", $"SERVICE_API_IMAGE_NAME={NewImage}", .. variables, Path.Combine(infra, "drivers", "azure"), .. arguments],
            _folder, Patience);
    }
}
