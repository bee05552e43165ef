using System.Reflection;

namespace Orleans.Mail.Architecture.Tests;

/// <summary>The checked-out sources and the assemblies built from them.</summary>
static class Repository
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Projects of src whose assemblies are read.</summary>
    public static string[] Projects { get; } = ["Abstractions", "Client", "Policy", "Transport", "Storage", "Grains", "Silo"];

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public static string AssemblyFileOf(string project) => Path.Combine(AppContext.BaseDirectory, $"Orleans.Mail.{project}.dll");

    public static Assembly AssemblyOf(string project) => Assembly.LoadFrom(AssemblyFileOf(project));

    /// <summary>Source files under a top folder, without build output.</summary>
    public static IEnumerable<string> SourceFiles(string folder) =>
        Directory.EnumerateFiles(PathOf(folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Relative(file).Split('/').Any(part => part is "bin" or "obj" or "artifacts"));

    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    /// <summary>Types written here, that is, without those that Orleans and the compiler generate.</summary>
    public static IEnumerable<Type> OwnTypes(string project) =>
        AssemblyOf(project).GetTypes().Where(type =>
            type.Namespace?.StartsWith("Orleans.Mail", StringComparison.Ordinal) == true
            && !type.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), false)
            && !type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute), false)
            && !type.FullName!.Contains('<', StringComparison.Ordinal));

    public static IEnumerable<Type> AllOwnTypes() => Projects.SelectMany(OwnTypes);

    /// <summary>Fails with every finding on a line of its own.</summary>
    public static void AssertNone(IEnumerable<string?> findings)
    {
        var all = findings.ToList();
        Assert.True(all.Count == 0, "Found:\n" + string.Join('\n', all));
    }

    static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Orleans.Mail.sln")))
                return folder.FullName;
        throw new InvalidOperationException("These tests run inside the repository: no folder above holds Orleans.Mail.sln.");
    }
}
