using System.Text.RegularExpressions;

namespace Orleans.Mail.Architecture.Tests;

/// <summary>Pages that promise tests by name: what they say is held must be there.</summary>
public sealed partial class NamedTestTests
{
    [Theory]
    [InlineData("hostile-inputs.md", 60)]
    [InlineData("scenarios.md", 80)]
    public void Every_test_that_a_page_names_exists(string page, int least)
    {
        var named = TestName().Matches(File.ReadAllText(Repository.PathOf("docs", page))).Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value)).Distinct().ToList();
        Assert.True(named.Count > least, $"{named.Count} names were found.");
        var sources = Repository.SourceFiles("tests").Select(File.ReadAllText).ToList();
        Repository.AssertNone(named
            .Where(test => !sources.Any(text => text.Contains($"class {test.Class}", StringComparison.Ordinal) && text.Contains($" {test.Method}(", StringComparison.Ordinal)))
            .Select(test => $"docs/{page}: there is no {test.Class}.{test.Method}"));
    }

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex TestName();
}
