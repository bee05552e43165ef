namespace Orleans.Mail.Architecture.Tests;

/// <summary>The C# that README.md shows is the C# of ReadmeSnippets.cs, which the build compiles.</summary>
public sealed class ReadmeTests
{
    static readonly string Snippets = Repository.PathOf("tests", "Architecture.Tests", "ReadmeSnippets.cs");

    [Fact]
    public void Code_of_the_readme_compiles()
    {
        var compiled = Regions(File.ReadAllLines(Snippets)).ToHashSet();
        foreach (var block in Blocks())
            Assert.True(compiled.Contains(block), $"This C# of README.md is no region of ReadmeSnippets.cs, so nothing compiles it:\n{block}");
    }

    [Fact]
    public void Every_compiled_snippet_is_shown()
    {
        var shown = Blocks().ToHashSet();
        foreach (var region in Regions(File.ReadAllLines(Snippets)))
            Assert.True(shown.Contains(region), $"README.md does not show this region of ReadmeSnippets.cs:\n{region}");
    }

    [Fact]
    public void Regions_are_read_without_their_indent() =>
        Assert.Equal(["a\n    b\n\nc"], Regions(["x", "    #region one", "    a", "        b", "", "    c", "    #endregion", "y"]));

    static IEnumerable<string> Blocks()
    {
        var readme = Repository.PathOf("README.md");
        return File.Exists(readme) ? Parts(File.ReadAllLines(readme), line => line.TrimStart().StartsWith("```csharp", StringComparison.Ordinal), line => line.Trim() == "```") : [];
    }

    static IEnumerable<string> Regions(string[] lines) =>
        Parts(lines, line => line.TrimStart().StartsWith("#region", StringComparison.Ordinal), line => line.TrimStart().StartsWith("#endregion", StringComparison.Ordinal));

    static IEnumerable<string> Parts(string[] lines, Predicate<string> isStart, Predicate<string> isEnd)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            if (!isStart(lines[i])) continue;
            var end = Array.FindIndex(lines, i + 1, isEnd);
            yield return Dedent(lines[(i + 1)..(end < 0 ? lines.Length : end)]);
            i = end < 0 ? lines.Length : end;
        }
    }

    static string Dedent(string[] lines)
    {
        var indent = lines.Where(line => line.Trim().Length > 0).Select(line => line.Length - line.TrimStart().Length).DefaultIfEmpty(0).Min();
        return string.Join('\n', lines.Select(line => line.Trim().Length == 0 ? "" : line[indent..].TrimEnd())).Trim('\n');
    }
}
