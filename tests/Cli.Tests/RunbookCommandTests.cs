using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Orleans.Mail.Cli.Commands;

namespace Orleans.Mail.Cli.Tests;

/// <summary>Somebody types these at night: every command of the runbooks is one that there is.</summary>
public sealed partial class RunbookCommandTests
{
    static readonly string Folder = Path.Combine(Find(), "docs", "runbooks");

    public static TheoryData<string> Commands =>
        [.. Directory.EnumerateFiles(Folder, "*.md").SelectMany(file => Command().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value.Split(" | ")[0].Split(" > ")[0].Replace("…", "why", StringComparison.Ordinal).Trim()).Distinct()];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_is_understood(string command)
    {
        var words = CommandLineParser.SplitCommandLine(command).Select(word => word switch
        {
            "ID" => MessageId.New(TimeProvider.System).ToString(),
            "ADDRESS:30000" => "localhost:30000",
            _ => word,
        });
        var parsed = CommandLine.Create((_, _) => throw new InvalidOperationException("Nothing is run here.")).Parse([.. words]);
        Assert.Empty(parsed.Errors.Select(error => error.Message));
        Assert.NotEmpty(parsed.CommandResult.Command.Parents);
    }

    [Fact]
    public void There_are_some() => Assert.True(Commands.Count > 15, $"{Commands.Count} found");

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Orleans.Mail.sln")))
                return folder.FullName;
        throw new InvalidOperationException("These tests run inside the repository.");
    }

    [GeneratedRegex(@"(?:^\s*|[`\n]\s*|then `)orleans-mail ((?:queue|message|status|suspension|suppression|events|send|cancel)\b[^`\n]*)", RegexOptions.Multiline)]
    private static partial Regex Command();
}
