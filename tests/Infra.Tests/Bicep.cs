using System.Diagnostics;
using System.Reflection;

namespace Orleans.Mail.Infra.Tests;

/// <summary>The Bicep compiler, as a package of a fixed version.</summary>
static class Bicep
{
    /// <summary>Subscription that snapshots are made for. None that exists.</summary>
    public const string Subscription = "00000000-0000-0000-0000-000000000000";

    // What the parameter files read from the environment.
    static readonly string[] Read = ["AZURE_ENV_NAME", "AZURE_LOCATION", "ALERT_EMAIL", "MONTHLY_BUDGET", "BUDGET_FROM", "MAIL_GENERATION", "SERVICE_SILO_IMAGE_NAME", "SERVICE_API_IMAGE_NAME", "API_ENTRA_CLIENT_ID"];

    public static string Folder { get; } = FindFolder();

    static string Program { get; } = FindProgram();

    /// <summary>Its exit code, what it printed, and what it complained of.</summary>
    public static Task<(int Code, string Output, string Complaints)> RunAsync(params string[] arguments) => RunAsync(new Dictionary<string, string>(), arguments);

    public static async Task<(int Code, string Output, string Complaints)> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in Read) start.Environment.Remove(name);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var complaints = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await complaints);
    }

    public static string PathOf(string layer, string environment) => Path.Combine(Folder, layer, $"main.{environment}.bicepparam");

    static string FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Orleans.Mail.sln")))
                return Path.Combine(folder.FullName, "infra");
        throw new InvalidOperationException("These tests run inside the repository: no folder above holds Orleans.Mail.sln.");
    }

    static string FindProgram()
    {
        var path = typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Bicep").Value!;
        // Packages do not carry the right to be run.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute);
        return path;
    }
}
