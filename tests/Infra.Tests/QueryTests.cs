using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orleans.Mail.Support;

namespace Orleans.Mail.Infra.Tests;

/// <summary>The queries of alerts, scripts and pages are understood by the language's own parser, and read the columns that the table has.</summary>
public sealed partial class QueryTests
{
    const string Table = "ContainerAppConsoleLogs";

    // Of the table that Azure Monitor makes for the console of container apps.
    const string Schema = "(TimeGenerated:datetime, Category:string, ContainerAppName:string, ContainerGroupName:string, ContainerId:string, ContainerImage:string, ContainerName:string, EnvironmentName:string, JobName:string, Level:string, Location:string, Log:string, OperationName:string, Replica:string, RevisionName:string, SourceSystem:string, Stream:string, TenantId:string, Type:string, _ResourceId:string)";

    static readonly string Root = Path.GetDirectoryName(Bicep.Folder)!;

    static IEnumerable<(string Name, string Operator, string Query)> Alerts =>
        from rule in Deployment.Of("foundation", "prod").OfType("Microsoft.Insights/scheduledQueryRules")
        let criterion = rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0]
        select (rule.GetProperty("name").GetString()!, criterion.GetProperty("operator").GetString()!, criterion.GetProperty("query").GetString()!);

    [Fact]
    public async Task Every_alert_asks_a_question_that_is_understood_and_gets_a_number()
    {
        var alerts = Alerts.ToList();
        var answers = await CheckAsync([.. alerts.Select(alert => alert.Query)]);
        Assert.All(alerts.Zip(answers), pair =>
        {
            Assert.Empty(pair.Second.Faults);
            Assert.Contains(pair.Second.Columns, column => column is "value:long" or "value:int" or "value:real");
        });
    }

    [Fact]
    public void An_alert_about_what_is_absent_gets_a_row_also_from_an_empty_table()
    {
        var absent = Alerts.Where(alert => alert.Operator == "LessThan").ToList();
        Assert.Equal(["mail-no-snapshot", "mail-silo-missing"], absent.Select(alert => alert.Name).Order());
        // Grouped, nothing gives no group, no row, and no alert; not grouped, it gives a 0.
        Assert.All(absent, alert => Assert.Matches(@"^ *summarize value = \w+\(\w*\)$", alert.Query.Split('|')[^1]));
    }

    [Fact]
    public void What_is_summed_up_is_every_minute() =>
        // A record says what happened in its minute: with only the newest of some minutes, a sum is a part of what happened.
        Assert.All(Alerts.Where(alert => alert.Query.Contains("sum(", StringComparison.Ordinal)), alert =>
        {
            Assert.Single(alert.Query.Split('|'), step => step.TrimStart().StartsWith("summarize", StringComparison.Ordinal));
            Assert.DoesNotContain("arg_max", alert.Query, StringComparison.Ordinal);
        });

    [Fact]
    public async Task Scripts_and_pages_ask_what_is_understood()
    {
        var smoke = SmokeQuery().Match(await File.ReadAllTextAsync(Path.Combine(Bicep.Folder, "smoke"))).Groups[1].Value;
        var pages = Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).SelectMany(page => PageQuery().Matches(File.ReadAllText(page))).Select(query => query.Groups[1].Value).ToList();
        Assert.NotEmpty(pages);
        var answers = await CheckAsync([smoke, .. pages]);
        Assert.Contains("silos:long", answers[0].Columns);
        Assert.All(answers, answer => Assert.Empty(answer.Faults));
    }

    [Theory]
    [InlineData("ContainerAppConsoleLogs | where Logg has 'x'", "Logg")]
    [InlineData("ContainerAppConsoleLogs | summarize value = countt()", "countt")]
    [InlineData("ContainerAppConsoleLogs | | count", "operator")]
    // A word of the language is no name.
    [InlineData("ContainerAppConsoleLogs | summarize shards = count()", "shards")]
    public async Task A_query_that_nobody_understands_would_be_found(string query, string fault) =>
        Assert.Contains((await CheckAsync([query]))[0].Faults, found => found.Contains(fault, StringComparison.Ordinal));

    static async Task<Answer[]> CheckAsync(string[] queries)
    {
        var modules = Path.Combine(Root, "artifacts", "peers", "kusto", "node_modules");
        if (!Directory.Exists(modules)) Peer.Missing("The parser of queries is not installed.");
        var start = new ProcessStartInfo(Peer.Require("node"), [Path.Combine(Root, "tests", "Support", "Kusto", "check.js")]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["NODE_PATH"] = modules;
        using var process = Process.Start(start)!;
        await JsonSerializer.SerializeAsync(process.StandardInput.BaseStream, new { table = Table, schema = Schema, queries });
        process.StandardInput.Close();
        var answers = await JsonSerializer.DeserializeAsync<Answer[]>(process.StandardOutput.BaseStream, JsonSerializerOptions.Web);
        await process.WaitForExitAsync();
        return answers!;
    }

    [GeneratedRegex("^query='([^']*)'", RegexOptions.Multiline)]
    private static partial Regex SmokeQuery();

    [GeneratedRegex("```kusto\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex PageQuery();

    sealed record Answer(string[] Faults, string[] Columns);
}
