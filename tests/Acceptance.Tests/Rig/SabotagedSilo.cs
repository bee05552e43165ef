using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>Test builds of the silo with one promise broken (<c>-p:Sabotage=…</c>), each in a folder of its own.</summary>
static class SabotagedSilo
{
    static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(5);

    /// <summary>Path of the program. Skips where no gate is at stake: a build takes longer than all that is tested with it.</summary>
    public static async Task<string> BuildAsync(string promise)
    {
        if (Environment.GetEnvironmentVariable("CI") != "true" && Environment.GetEnvironmentVariable("ORLEANS_MAIL_SABOTAGE") != "1")
            Assert.Skip("Builds the silo again, which takes minutes; runs with CI=true or ORLEANS_MAIL_SABOTAGE=1.");
        var artifacts = Path.Combine(Repository.Folder, "artifacts", "sabotage", promise);
        await Tool.RunAsync("dotnet", ["build", "src/Silo", "-c", "Debug", $"-p:Sabotage={promise}", $"-p:ArtifactsPath={artifacts}", "-nodeReuse:false"], Repository.Folder, BuildLimit);
        return Path.Combine(artifacts, "bin", "Silo", "debug", "Orleans.Mail.Silo.dll");
    }
}
