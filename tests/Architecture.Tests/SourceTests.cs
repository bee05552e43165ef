using System.Text.RegularExpressions;

namespace Orleans.Mail.Architecture.Tests;

/// <summary>What the sources look like.</summary>
public sealed partial class SourceTests
{
    const int MaxSourceLines = 300;
    const int MaxTestLines = 400;

    [Theory]
    [InlineData("src", MaxSourceLines)]
    [InlineData("tests", MaxTestLines)]
    public void Files_are_short(string folder, int maxLines) =>
        Repository.AssertNone(Repository.SourceFiles(folder)
            .Select(file => (Name: Repository.Relative(file), Lines: File.ReadLines(file).Count()))
            .Where(file => file.Lines > maxLines)
            .Select(file => $"{file.Name}: {file.Lines} lines"));

    [Fact]
    public void Root_holds_the_usual_things_only()
    {
        string[] folders = ["src", "infra", "tests", "docs"];
        // Build output that .gitignore names.
        string[] output = ["artifacts", "TestResults", "bin", "obj"];
        var found = Directory.EnumerateDirectories(Repository.Root).Select(folder => Path.GetFileName(folder)!).Where(name => name[0] != '.');
        Repository.AssertNone(found.Except(folders).Except(output));

        string[] files =
        [
            "Orleans.Mail.sln", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "global.json", "NuGet.config", "nuget.config",
            "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "Dockerfile", "azure.yaml", "docker-compose.yml",
        ];
        Repository.AssertNone(Directory.EnumerateFiles(Repository.Root).Select(file => Path.GetFileName(file)!).Where(name => name[0] != '.').Except(files));
    }

    [Fact]
    public void Architecture_page_is_short()
    {
        var page = Repository.PathOf("ARCHITECTURE.md");
        Assert.True(!File.Exists(page) || File.ReadLines(page).Count() <= 200, "ARCHITECTURE.md is a page, not a book: 200 lines.");
    }

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    public void Nothing_sleeps_and_delays_take_a_clock(string folder)
    {
        var found = new List<string>();
        foreach (var file in OwnSources(folder))
        {
            var text = File.ReadAllText(file);
            // Without end it is no guess of how long something takes, but a wait to be ended from outside.
            found.AddRange(SleepCall().Matches(text).Where(match => !ArgumentsAt(text, match)[0].StartsWith("Timeout.Infinite", StringComparison.Ordinal)).Select(match => Place(file, text, match)));
            found.AddRange(DelayCall().Matches(text).Where(match => !IsFair(ArgumentsAt(text, match))).Select(match => Place(file, text, match)));
        }

        Repository.AssertNone(found);
    }

    [Theory]
    [InlineData("src/Transport")]
    [InlineData("src/Client")]
    [InlineData("src/Storage")]
    public void Wire_work_leaves_the_callers_context(string folder)
    {
        var rules = File.ReadAllLines(Repository.PathOf(".editorconfig"));
        var header = Array.FindIndex(rules, line => line.StartsWith("[{", StringComparison.Ordinal) && line.Contains(folder, StringComparison.Ordinal));
        Assert.True(header >= 0, $".editorconfig has no section for {folder}.");
        Assert.Contains("dotnet_diagnostic.CA2007.severity = error", rules.Skip(header + 1).TakeWhile(line => !line.StartsWith('[')));
    }

    [Fact]
    public void Grains_stay_in_their_turn() =>
        Repository.AssertNone(Repository.SourceFiles("src/Grains")
            .Where(file => GrainFile().IsMatch(Path.GetFileName(file)))
            .Where(file => File.ReadAllText(file).Contains("ConfigureAwait(false)", StringComparison.Ordinal))
            .Select(Repository.Relative));

    [Fact]
    public void No_namespace_in_braces_and_no_pragma() =>
        Repository.AssertNone(Repository.SourceFiles("src").Where(file => BracedNamespace().IsMatch(File.ReadAllText(file)) || File.ReadAllText(file).Contains("#pragma warning", StringComparison.Ordinal)).Select(Repository.Relative));

    [Fact]
    public void Every_meter_name_is_ours()
    {
        var names = Repository.SourceFiles("src").Select(File.ReadAllText).SelectMany(text => MetricName().Matches(text)).Select(match => match.Groups["name"].Value).ToList();
        Assert.NotEmpty(names);
        Assert.DoesNotContain(names, name => !name.StartsWith("orleans.mail.", StringComparison.Ordinal));
        Repository.AssertNone(names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    // This file holds the words it looks for.
    static IEnumerable<string> OwnSources(string folder) => Repository.SourceFiles(folder).Where(file => !file.EndsWith("SourceTests.cs", StringComparison.Ordinal));

    static bool IsFair(string[] arguments) =>
        arguments[0].StartsWith("Timeout.Infinite", StringComparison.Ordinal) || arguments.Any(argument => ClockWord().IsMatch(argument));

    static string[] ArgumentsAt(string text, Match call)
    {
        var arguments = new List<string>();
        var depth = 0;
        var start = call.Index + call.Length;
        for (var i = start; i < text.Length; i++)
        {
            if (text[i] is '(' or '[' or '{') depth++;
            else if (text[i] is ')' or ']' or '}' && --depth < 0) return [.. arguments, text[start..i].Trim()];
            else if (text[i] == ',' && depth == 0)
            {
                arguments.Add(text[start..i].Trim());
                start = i + 1;
            }
        }

        return [.. arguments, ""];
    }

    static string Place(string file, string text, Match match) => $"{Repository.Relative(file)}:{text.AsSpan(0, match.Index).Count('\n') + 1}";

    [GeneratedRegex(@"\bThread\s*\.\s*Sleep\s*\(")]
    private static partial Regex SleepCall();

    [GeneratedRegex(@"\bTask\s*\.\s*Delay\s*\(")]
    private static partial Regex DelayCall();

    [GeneratedRegex(@"(?i)\b_?(clock|time|timeProvider|provider)\b|TimeProvider")]
    private static partial Regex ClockWord();

    [GeneratedRegex(@"Grain(\.\w+)?\.cs$")]
    private static partial Regex GrainFile();

    [GeneratedRegex(@"^namespace [\w.]+\s*\{", RegexOptions.Multiline)]
    private static partial Regex BracedNamespace();

    [GeneratedRegex("""Create(Counter|UpDownCounter|Histogram|Gauge|Observable\w+)(<\w+>)?\(\s*"(?<name>[^"]*)" *""")]
    private static partial Regex MetricName();
}
