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

    // In place of the az CLI, which answers nobody who has not signed in: a program that notes what it is asked and says what runs.
    Task DriveAsync(string running, params string[] arguments)
    {
        var az = Path.Combine(_folder, "az");
        File.WriteAllText(az, $"#!/usr/bin/env bash\necho \"$*\" >> '{_folder}/calls'\n[ \"$1\" != containerapp ] || echo '{running}'\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return Tool.RunAsync(
            "env",
            [$"PATH={_folder}:{Environment.GetEnvironmentVariable("PATH")}", "AZURE_ENV_NAME=prod", "AZURE_LOCATION=westeurope", "MAIL_GENERATION=b", $"SERVICE_SILO_IMAGE_NAME={NewImage}", Path.Combine(Bicep.Folder, "drivers", "azure"), .. arguments],
            _folder, Patience);
    }
}
