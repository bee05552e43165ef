using System.Text.RegularExpressions;

namespace Orleans.Mail.Architecture.Tests;

/// <summary>The page about hostile inputs promises tests by name.</summary>
public sealed partial class HostileInputTests
{
    [Fact]
    public void Every_test_that_the_page_names_exists()
    {
        var named = TestName().Matches(File.ReadAllText(Repository.PathOf("docs", "hostile-inputs.md"))).Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value)).Distinct().ToList();
        Assert.True(named.Count > 40, $"{named.Count} names were found.");
        var sources = Repository.SourceFiles("tests").Select(File.ReadAllText).ToList();
        Repository.AssertNone(named
            .Where(test => !sources.Any(text => text.Contains($"class {test.Class}", StringComparison.Ordinal) && text.Contains($" {test.Method}(", StringComparison.Ordinal)))
            .Select(test => $"docs/hostile-inputs.md: there is no {test.Class}.{test.Method}"));
    }

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex TestName();
}
