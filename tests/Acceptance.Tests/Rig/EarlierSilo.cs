using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>The silo of an earlier revision of this repository, built once below <c>artifacts/earlier</c>.</summary>
static class EarlierSilo
{
    // A full commit id: the build that running silos may have. Moved on with each release, and never to one that this build is not to run beside.
    const string RevisionFile = "tests/Acceptance.Tests/Cluster/earlier-revision";

    static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(5);
    static readonly TimeSpan GitLimit = TimeSpan.FromSeconds(30);

    /// <summary>Path of the program.</summary>
    public static async Task<string> BuildAsync()
    {
        Peer.Require("git");
        var revision = (await File.ReadAllTextAsync(Path.Combine(Repository.Folder, RevisionFile))).Trim();
        var folder = Path.Combine(Repository.Folder, "artifacts", "earlier", revision);
        var program = Path.Combine(folder, "silo", "Orleans.Mail.Silo.dll");
        if (File.Exists(program)) return program;
        await EnsureIsHereAsync(revision);
        var building = Path.Combine(folder, "building");
        var sources = Path.Combine(building, "sources");
        if (Directory.Exists(building)) Directory.Delete(building, recursive: true);
        Directory.CreateDirectory(sources);
        await Tool.RunAsync("git", ["archive", "--output", Path.Combine(building, "sources.tar"), revision, "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", "src"], Repository.Folder, GitLimit);
        await Tool.RunAsync("tar", ["-xf", Path.Combine(building, "sources.tar"), "-C", sources], building, GitLimit);
        await Tool.RunAsync("dotnet", ["publish", "src/Silo", "-c", "Release", "-o", Path.Combine(building, "silo"), "-p:RunAnalyzers=false", "-nodeReuse:false"], sources, BuildLimit);
        // Whole or not at all: an interrupted build is begun anew.
        Directory.Move(Path.Combine(building, "silo"), Path.Combine(folder, "silo"));
        Directory.Delete(building, recursive: true);
        return program;
    }

    static async Task EnsureIsHereAsync(string revision)
    {
        try
        {
            await Tool.RunAsync("git", ["cat-file", "-e", revision + "^{commit}"], Repository.Folder, GitLimit);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException($"The revision {revision}, named in {RevisionFile}, is not in this clone. It needs the whole history: 'git fetch --unshallow', or a checkout with a fetch depth of 0.", exception);
        }
    }
}
