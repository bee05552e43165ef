using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>A test build of the silo (<c>-p:Sabotage=true</c>), built once below <c>artifacts/sabotage</c>, that breaks the promise it is told to break.</summary>
static class SabotagedSilo
{
    static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(10);
    static readonly Lazy<Task<string>> Program = new(BuildAsync);

    /// <summary>A silo that breaks the promise. Skips where no gate is at stake: the build takes longer than all that is tested with it.</summary>
    public static async Task<SiloSettings> BreakingAsync(string promise)
    {
        if (Environment.GetEnvironmentVariable("CI") != "true" && Environment.GetEnvironmentVariable("ORLEANS_MAIL_SABOTAGE") != "1")
            Assert.Skip("Builds the silo again, which takes minutes; runs with CI=true or ORLEANS_MAIL_SABOTAGE=1.");
        return new SiloSettings { Folder = "", Program = await Program.Value, Environment = new Dictionary<string, string> { ["ORLEANS_MAIL_BREAK"] = promise } };
    }

    static async Task<string> BuildAsync()
    {
        var artifacts = Path.Combine(Repository.Folder, "artifacts", "sabotage");
        await Tool.RunAsync("dotnet", ["build", "src/Silo", "-c", "Debug", "-p:Sabotage=true", "-p:RunAnalyzers=false", $"-p:ArtifactsPath={artifacts}", "-nodeReuse:false"], Repository.Folder, BuildLimit);
        return Path.Combine(artifacts, "bin", "Silo", "debug", "Orleans.Mail.Silo.dll");
    }
}
