using System.Text.Json;

namespace Orleans.Mail.Infra.Tests;

/// <summary>The sources compile without a word of the linter, and deploy what the snapshots beside them say.</summary>
public sealed class BicepTests
{
    [Theory]
    [InlineData("foundation")]
    [InlineData("apps")]
    public async Task A_layer_compiles_and_the_linter_finds_nothing(string layer)
    {
        var (code, _, complaints) = await Bicep.RunAsync("build", Path.Combine(Bicep.Folder, layer, "main.bicep"), "--stdout");
        Assert.Equal((0, ""), (code, complaints.Trim()));
    }

    [Fact]
    public async Task The_linter_would_fail_the_build()
    {
        var folder = Directory.CreateTempSubdirectory("mail-infra-").FullName;
        File.Copy(Path.Combine(Bicep.Folder, "bicepconfig.json"), Path.Combine(folder, "bicepconfig.json"));
        await File.WriteAllTextAsync(Path.Combine(folder, "main.bicep"), "param nobodyReads string\n");
        var (code, _, complaints) = await Bicep.RunAsync("build", Path.Combine(folder, "main.bicep"), "--stdout");
        Directory.Delete(folder, recursive: true);
        Assert.NotEqual(0, code);
        Assert.Contains("no-unused-params", complaints, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("foundation")]
    [InlineData("apps")]
    public async Task Parameters_are_few_and_each_is_described(string layer)
    {
        var parameters = (await ParametersAsync(layer)).EnumerateObject().ToList();
        Assert.InRange(parameters.Count, 1, 14);
        Assert.All(parameters, parameter => Assert.NotEmpty(parameter.Value.GetProperty("metadata").GetProperty("description").GetString()!));
    }

    [Fact]
    public async Task Nothing_leaves_unless_told_and_the_text_says_what_it_takes()
    {
        var parameters = await ParametersAsync("apps");
        Assert.Equal("Capture", parameters.GetProperty("delivery").GetProperty("defaultValue").GetProperty("mode").GetString());
        Assert.Contains("port 25", parameters.GetProperty("relay").GetProperty("metadata").GetProperty("description").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("foundation", "dev")]
    [InlineData("foundation", "prod")]
    [InlineData("apps", "dev")]
    [InlineData("apps", "prod")]
    public async Task What_would_be_deployed_is_what_was_reviewed(string layer, string environment)
    {
        var path = Bicep.PathOf(layer, environment);
        var (code, output, complaints) = await Bicep.RunAsync("snapshot", path, "--mode", "validate", "--subscription-id", Bicep.Subscription, "--location", "westeurope");
        Assert.True(code == 0, $"{output}{complaints}Where the change is meant, run 'bicep snapshot {Path.GetRelativePath(Bicep.Folder, path)} --mode overwrite --subscription-id {Bicep.Subscription} --location westeurope' in infra.");
    }

    static async Task<JsonElement> ParametersAsync(string layer)
    {
        var (_, output, _) = await Bicep.RunAsync("build", Path.Combine(Bicep.Folder, layer, "main.bicep"), "--stdout");
        return JsonDocument.Parse(output).RootElement.GetProperty("parameters");
    }
}
