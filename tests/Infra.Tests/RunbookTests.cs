using System.Text.RegularExpressions;

namespace Orleans.Mail.Infra.Tests;

/// <summary>What an alert, a script or a page points to is there.</summary>
public sealed partial class RunbookTests
{
    static readonly string Root = Path.GetDirectoryName(Bicep.Folder)!;

    static string Runbooks => Path.Combine(Root, "docs", "runbooks");

    public static TheoryData<string> Pages =>
        [.. new[] { "docs", "infra" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.md", SearchOption.AllDirectories)).Concat(Directory.EnumerateFiles(Root, "*.md")).Select(file => Path.GetRelativePath(Root, file))];

    [Fact]
    public void Every_alert_has_a_runbook_and_is_listed()
    {
        var alerts = Deployment.Of("foundation", "prod").OfType("Microsoft.Insights/scheduledQueryRules").Select(rule => rule.GetProperty("properties").GetProperty("description").GetString()!).ToList();
        Assert.Equal(8, alerts.Count);
        var list = File.ReadAllText(Path.Combine(Runbooks, "README.md"));
        Assert.All(alerts, alert =>
        {
            var page = alert[(alert.LastIndexOf('/') + 1)..];
            Assert.True(File.Exists(Path.Combine(Runbooks, page)), page);
            Assert.Contains($"]({page})", list, StringComparison.Ordinal);
        });
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_between_pages_lead_somewhere(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Root, page))!;
        var dead = Link().Matches(File.ReadAllText(Path.Combine(Root, page))).Select(link => link.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(folder, target.Split('#')[0])) && target.Split('#')[0].Length > 0);
        Assert.Empty(dead);
    }

    [Fact]
    public void The_snapshot_s_fields_that_alerts_read_are_those_that_silos_write()
    {
        var written = File.ReadAllText(Path.Combine(Root, "src", "Silo", "Diagnostics", "QueueSnapshot.cs"));
        var queries = Deployment.Of("foundation", "prod").OfType("Microsoft.Insights/scheduledQueryRules")
            .Select(rule => rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0].GetProperty("query").GetString()!)
            .Append(File.ReadAllText(Path.Combine(Bicep.Folder, "smoke"))).Append(File.ReadAllText(Path.Combine(Root, "docs", "observability.md")));
        var read = queries.SelectMany(query => Field().Matches(query)).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.True(read.Count >= 8, string.Join(", ", read));
        Assert.All(read, field => Assert.Contains($"{{{field}}}", written, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\b(?:state|State|s)\.([A-Z]\w+)")]
    private static partial Regex Field();
}
