using System.Diagnostics;
using System.Text.Json;

namespace Orleans.Mail.Infra.Tests;

/// <summary>Images without a shell and not as root, whichever way they are built.</summary>
public sealed class ImageTests
{
    static readonly string Root = Path.GetDirectoryName(Bicep.Folder)!;

    public static TheoryData<string, int[]> Projects => new() { { "Silo", [8025, 11111, 30000] }, { "Api", [8080] } };

    [Theory]
    [MemberData(nameof(Projects))]
    public async Task An_image_is_chiseled_and_not_root(string project, int[] ports)
    {
        var (properties, items) = await AskAsync(project);
        Assert.Matches(@"^mcr\.microsoft\.com/dotnet/aspnet:10\.0(\.\d+)?-noble-chiseled-extra$", properties.GetProperty("ContainerBaseImage").GetString());
        Assert.Equal("1654", properties.GetProperty("ContainerUser").GetString());
        Assert.Equal($"orleans-mail-{project}", properties.GetProperty("ContainerRepository").GetString(), ignoreCase: true);
        Assert.Equal(ports, items.GetProperty("ContainerPort").EnumerateArray().Select(port => int.Parse(port.GetProperty("Identity").GetString()!, System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void The_Dockerfile_makes_the_same()
    {
        var lines = File.ReadAllLines(Path.Combine(Bicep.Folder, "images", "Dockerfile"));
        Assert.Contains("FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra AS base", lines);
        Assert.Contains("USER 1654", lines);
        Assert.Contains("ENTRYPOINT [\"dotnet\", \"Orleans.Mail.Silo.dll\"]", lines);
        Assert.Contains("ENTRYPOINT [\"dotnet\", \"Orleans.Mail.Api.dll\"]", lines);
        // Every project that an image is made of takes part in the restore.
        var copied = lines.Where(line => line.StartsWith("COPY src/", StringComparison.Ordinal) && line.Contains(".csproj src/", StringComparison.Ordinal)).Select(line => line.Split('/')[^2]).Order();
        Assert.Equal(["Abstractions", "Api", "Client", "Grains", "Policy", "Silo", "Storage", "Transport"], copied);
    }

    [Theory]
    [InlineData("Silo")]
    [InlineData("Api")]
    public void What_only_a_build_needs_is_not_published(string project)
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var dependencies = JsonDocument.Parse(File.ReadAllText(Path.GetFullPath(Path.Combine(here, "../../", project, Path.GetFileName(here), $"Orleans.Mail.{project}.deps.json")))).RootElement;
        var run = dependencies.GetProperty("targets").EnumerateObject().Single().Value.EnumerateObject().Where(library => library.Value.TryGetProperty("runtime", out _)).Select(library => library.Name.Split('/')[0]).ToList();
        Assert.Contains("Microsoft.Orleans.Core", run);
        Assert.DoesNotContain(run, name => name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal) || name.StartsWith("Humanizer", StringComparison.Ordinal) || name.StartsWith("System.Composition", StringComparison.Ordinal));
    }

    static async Task<(JsonElement Properties, JsonElement Items)> AskAsync(string project)
    {
        var start = new ProcessStartInfo("dotnet", ["msbuild", Path.Combine(Root, "src", project, $"{project}.csproj"), "-nologo", "-t:ComputeContainerConfig", "-getProperty:ContainerBaseImage", "-getProperty:ContainerUser", "-getProperty:ContainerRepository", "-getItem:ContainerPort"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output);
        var answer = JsonDocument.Parse(output).RootElement;
        return (answer.GetProperty("Properties"), answer.GetProperty("Items"));
    }
}
