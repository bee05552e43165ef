using System.Text.Json;

namespace Orleans.Mail.Infra.Tests;

/// <summary>What a layer would deploy: the snapshot that Bicep makes offline, with every expression resolved that does not need Azure.</summary>
sealed class Deployment(JsonDocument snapshot)
{
    public static Deployment Of(string layer, string environment) =>
        new(JsonDocument.Parse(File.ReadAllText(Path.Combine(Bicep.Folder, layer, $"main.{environment}.snapshot.json"))));

    /// <summary>A snapshot made now, with other variables of the environment than those checked in, and with parameters changed or added as an operator would.</summary>
    public static async Task<Deployment> MakeAsync(string layer, string environment, IReadOnlyDictionary<string, string> variables, params (string Parameter, string Value)[] changes)
    {
        var copy = Directory.CreateTempSubdirectory("mail-infra-").FullName;
        try
        {
            foreach (var file in Directory.EnumerateFiles(Bicep.Folder, "*.bicep*", SearchOption.AllDirectories))
            {
                var target = Path.Combine(copy, Path.GetRelativePath(Bicep.Folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }

            var path = Path.Combine(copy, layer, $"main.{environment}.bicepparam");
            var lines = (await File.ReadAllLinesAsync(path)).Where(line => !changes.Any(change => line.StartsWith($"param {change.Parameter} ", StringComparison.Ordinal)));
            await File.WriteAllLinesAsync(path, [.. lines, .. changes.Select(change => $"param {change.Parameter} = {change.Value}")]);
            var (code, _, complaints) = await Bicep.RunAsync(variables, "snapshot", path, "--mode", "overwrite", "--subscription-id", Bicep.Subscription, "--location", "westeurope");
            Assert.True(code == 0, complaints);
            return new Deployment(JsonDocument.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(path, "snapshot.json"))));
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    public IEnumerable<JsonElement> Resources => snapshot.RootElement.GetProperty("predictedResources").EnumerateArray();

    public IEnumerable<JsonElement> OfType(string type) => Resources.Where(resource => resource.GetProperty("type").GetString() == type);

    public IReadOnlyList<ContainerApp> Apps => [.. OfType("Microsoft.App/containerApps").Select(app => new ContainerApp(app))];

    public IReadOnlyList<ContainerApp> Silos => [.. Apps.Where(app => app.Container == "silo")];

    public ContainerApp Api => Apps.Single(app => app.Container == "api");
}

/// <summary>A container app of a deployment.</summary>
sealed record ContainerApp(JsonElement Resource)
{
    public string Name => Resource.GetProperty("name").GetString()!;

    public JsonElement Configuration => Resource.GetProperty("properties").GetProperty("configuration");

    public JsonElement Template => Resource.GetProperty("properties").GetProperty("template");

    public string Container => Only.GetProperty("name").GetString()!;

    public string Image => Only.GetProperty("image").GetString()!;

    public IReadOnlyList<JsonElement> Probes => [.. Only.GetProperty("probes").EnumerateArray()];

    /// <summary>Variables with their values; with the name of a secret where they refer to one.</summary>
    public IReadOnlyList<(string Name, string? Value, string? Secret)> Variables =>
        [.. Only.GetProperty("env").EnumerateArray().Select(variable => (variable.GetProperty("name").GetString()!, Text(variable, "value"), Text(variable, "secretRef")))];

    /// <summary>Ports of the environment's address.</summary>
    public IEnumerable<int> ExposedPorts
    {
        get
        {
            var ingress = Configuration.GetProperty("ingress");
            yield return ingress.GetProperty("exposedPort").GetInt32();
            foreach (var more in ingress.GetProperty("additionalPortMappings").EnumerateArray()) yield return more.GetProperty("exposedPort").GetInt32();
        }
    }

    JsonElement Only => Template.GetProperty("containers").EnumerateArray().Single();

    public string Variable(string name) => Variables.Single(variable => variable.Name == name).Value!;

    static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
