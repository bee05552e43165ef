using Xunit;

namespace Orleans.Mail.Support;

/// <summary>
/// Programs that nobody here wrote and that tests talk to. Where one is missing, a newcomer's run skips the test with that reason,
/// and a run with <c>CI=true</c> fails: there a skipped test would hide a missing install step.
/// </summary>
public static class Peer
{
    static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/usr/local/sbin", "/sbin", .. Unpacked()];

    /// <summary>Full path of a program; skips or fails the calling test when it is not installed.</summary>
    public static string Require(string program)
    {
        var path = Find(program);
        if (path is not null) return path;
        Missing($"'{program}' is not installed.");
        return "";
    }

    /// <summary>Skips the calling test, or fails it where nothing may be missing.</summary>
    public static void Missing(string reason)
    {
        if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase)) Assert.Fail(reason + " CI installs every peer program, and runs as root.");
        Assert.Skip(reason);
    }

    public static string? Find(string program) =>
        Folders.Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    // What cannot be installed beside the rest, .ci/peers puts there.
    static IEnumerable<string> Unpacked()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && folder.Name != "artifacts") folder = folder.Parent;
        return folder is null ? [] : [Path.Combine(folder.FullName, "peers/usr/sbin"), Path.Combine(folder.FullName, "peers/node_modules/.bin"), Path.Combine(folder.FullName, "peers/azurite/node_modules/.bin")];
    }
}
